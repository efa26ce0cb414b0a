-- Runs on a real Slurm of three nodes, see slurm.sh; by tests/cluster/run.sh, which starts it.
local runs = require "tests.cluster.runs"

describe("on Slurm, a run", function()
  local M = runs { script = "slurm.sh", engine = "slurm", here = "10.78.0.254", nodes = { 1, 2, 3 } }

  it("goes on when slurmctld is started again", function()
    M.check(M.disturbed "cluster stop-controller; sleep 2; cluster start-controller")
  end)
  it("goes on within an allocation", function()
    M.check(M.bash [[salloc -N3 --ntasks-per-node=1 --mem-per-cpu=200 --no-kill \
      $dmhost run pipeline.lua -o out.jsonl -q --engine slurm --workers 3 --memory 200M]])
  end)
  it("gets the GPUs that operators ask for, each worker its own", function()
    local status, out, err = M.bash [[
      cat >gpus.lua <<'END'
      return dm.pipeline { input = "in.jsonl", split_size = "4KiB", operators = { dm.map(function(s)
        s.gpus = os.getenv "CUDA_VISIBLE_DEVICES"
        require("ffi").C.dm_pause(1)
      end), { "text_length_filter", max_len = 1e6, resources = { gpus = 1 } } } }
END
      sed -i '1s/^/local dm = require "dm"; /' gpus.lua
      $dmhost run gpus.lua -o out.jsonl -q --max-rejects 3000 --engine slurm --workers 2 --slots 2
      grep -o '"gpus":"[^"]*"' out.jsonl | sort -u]]
    assert.equal(0, status, err)
    assert.equal('"gpus":"0"\n"gpus":"1"\n', out)
  end)
  it("waits for nodes, and tells why in its status", function()
    local status, out, err = M.bash [[
      srun -N3 --exclusive --mem=0 -i none sleep 300 & busy=$!
      until_ eval '[ "$(squeue -h -t R | wc -l)" = 1 ]'
      $dmhost run pipeline.lua -o out.jsonl -q --engine slurm --workers 1 & pid=$!
      until_ eval '$dmhost status out.jsonl | grep -q "waits .*queue: "'
      $dmhost status out.jsonl
      kill -INT $pid; wait $pid; echo "exit $?"; scancel --name=sleep; wait $busy; exit 0]]
    assert.equal(0, status, err)
    assert.truthy(out:find("Resources", 1, true) or out:find("Priority", 1, true), out)
    assert.truthy(out:find("exit 130", 1, true), out)
  end)
  it("leaves no job in the queue", function()
    M.disturbed "kill -INT $pid"
    assert.equal(0, (M.bash "until_ eval '[ -z \"$(squeue -h)\" ]'"))
  end)
  it("passes srun what the pipeline says", function()
    local status, _, err = M.bash [[
      sed 's/input = /engine = { "slurm", workers = 1, args = { "-p", "nosuch" } }, input = /' pipeline.lua >its.lua
      $dmhost run its.lua -o out.jsonl]]
    assert.truthy(status == 1 or status == 2)
    assert.truthy(err:find("Invalid partition", 1, true), err)
  end)
end)
