-- A real Ray of three nodes, see ray.sh; run by tests/cluster/run.sh, which starts it.
local t = require "tests.support"

---Waits for a shell command to succeed.
local function wait_for(command)
  local status = t.bash(('for i in {1..600}; do %s && exit; sleep 0.05; done; exit 1'):format(command))
  assert.equal(0, status, "still waiting for: " .. command)
end

describe("the Ray that the tests run on", function()
  it("has three nodes with addresses of their own", function()
    local status, out = t.shell "tests/cluster/ray.sh status | grep -c '\"node_ip\": \"10.77.0.[123]\"'"
    assert.equal(0, status)
    assert.equal("3\n", out)
  end)
  it("sees a node that is lost, and has another in its place", function()
    assert.equal(0, (t.shell "tests/cluster/ray.sh power-off 3"))
    wait_for 'tests/cluster/ray.sh status | grep -q DEAD'
    assert.equal(0, (t.shell "tests/cluster/ray.sh up"))
  end)
end)
