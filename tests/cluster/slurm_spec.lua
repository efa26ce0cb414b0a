-- Runs on a real Slurm of three nodes, see slurm.sh; by tests/cluster/run.sh, which starts it.
local runs = require "tests.cluster.runs"

describe("on Slurm, a run", function()
  local M = runs { script = "slurm.sh", engine = "slurm", nodes = { 1, 2, 3 } }

  it("goes on when slurmctld is started again", function()
    M.check(M.disturbed "cluster stop-controller; sleep 2; cluster start-controller")
  end)
  it("goes on within an allocation", function()
    M.check(M.bash [[salloc -N3 --ntasks-per-node=1 --mem-per-cpu=200 --no-kill \
      $dmhost run pipeline.lua -o out.jsonl -q --engine slurm --workers 3 --memory 200M]])
  end)
  it("finds the row that takes more memory than Slurm gives its worker host", function()
    local status, out, err = M.bash [[
      cat >takes.lua <<'END'
      local dm = require "dm"
      return dm.pipeline { input = "in.jsonl", split_size = "16KiB", max_rejects = 1, operators = { dm.map(function(s)
        if s.id ~= 1234 then return end
        local ffi = require "ffi" -- shared memory, which limits.memory does not count
        ffi.cdef "void *mmap(void *, size_t, int, int, int, long); void *memset(void *, int, size_t);"
        ffi.C.memset(ffi.C.mmap(nil, 600e6, 3, 0x21, -1, 0), 1, 600e6)
        ffi.C.dm_pause(20000)
      end) } }
END
      $dmhost run takes.lua -o out.jsonl --engine slurm --workers 4 --slots 2 --memory 200M >&2
      cat out.jsonl.run/rejects.jsonl]]
    assert.equal(0, status, err)
    assert.truthy(out:find("its worker hosts were lost 4 times, the last time with this row alone", 1, true), err)
    assert.truthy(out:find('"input":"{\\"id\\": 1234,', 1, true), out)
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

  it("asks for many worker hosts as a job array", function()
    M.write(nil, 'engine = { "slurm", workers = 6, array = 6 },')
    local status, out, err = M.bash [[
      tasks() { squeue -h -t all -r -O ArrayTaskID:20 | grep -c "[0-9]"; }
      old=$(tasks); $dmhost run pipeline.lua -o out.jsonl -q || exit 9
      echo $(($(tasks) - old)) $(ls out.jsonl.run/hosts | wc -l) $(cat out.jsonl.run/hosts/*)
      until_ eval '[ -z "$(squeue -h)" ]']]
    M.check(status, out, err)
    assert.equal("6 6\n", out)
  end)
  it("replaces what is lost of an array", function()
    M.check(M.disturbed("kill -9 $(one worker-host)", 'engine = { "slurm", array = 3 },'))
  end)
  it("leaves no task of an array in the queue", function()
    M.write(M.SLOW, 'engine = { "slurm", workers = 20, array = 20, memory = "900M" },')
    local status, out, err = M.bash [[
      $dmhost run pipeline.lua -o out.jsonl -q & pid=$!
      until_ eval '[ "$(squeue -h -r -t PD | wc -l)" = 8 ]'; kill -INT $pid
      wait $pid; squeue -h -r]]
    assert.equal(0, status, err)
    assert.equal("", out)
  end)
  it("says of an array, too, that no node has what is asked for", function()
    M.write(nil, 'engine = { "slurm", workers = 3, array = 3, cpus = 1000 },')
    local status, out, err = M.bash "$dmhost run pipeline.lua -o out.jsonl; s=$?; squeue -h -r; exit $s"
    assert.truthy(status == 1 or status == 2)
    assert.equal("", out)
    assert.truthy(err:find("no node has more than 4", 1, true), err)
  end)
  it("passes srun what the pipeline says", function()
    M.write(nil, 'engine = { "slurm", workers = 1, args = { "-p", "nosuch" } },')
    local status, _, err = M.bash "$dmhost run pipeline.lua -o out.jsonl"
    assert.truthy(status == 1 or status == 2)
    assert.truthy(err:find("Invalid partition", 1, true), err)
  end)
end)
