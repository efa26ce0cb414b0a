-- A real Slurm of three nodes, see slurm.sh; run by tests/cluster/run.sh, which starts it.
local t = require "tests.support"

local function slurm(words)
  return t.shell('eval "$(tests/cluster/slurm.sh env)"; ' .. words)
end

---Waits for a shell command to succeed.
local function wait_for(command)
  local status = t.bash(('for i in {1..600}; do %s && exit; sleep 0.05; done; exit 1'):format(command))
  assert.equal(0, status, "still waiting for: " .. command)
end

describe("the Slurm that the tests run on", function()
  it("has three nodes with addresses of their own", function()
    local status, out = slurm "srun -N3 -i none ip -o -4 address show eth0 | grep -o '10.78.0.[0-9]*/' | sort"
    assert.equal(0, status)
    assert.equal("10.78.0.1/\n10.78.0.2/\n10.78.0.3/\n", out)
  end)
  it("sees a node that is lost, and has it back", function()
    assert.equal(0, (slurm "tests/cluster/slurm.sh power-off 3"))
    wait_for 'eval "$(tests/cluster/slurm.sh env)"; sinfo -h -n node3 -o %T | grep -q down'
    assert.equal(0, (slurm "tests/cluster/slurm.sh up"))
    local status, out = slurm "srun -w node3 -i none printenv SLURMD_NODENAME"
    assert.equal(0, status)
    assert.equal("node3\n", out)
  end)
end)
