-- What the machine allows, as /proc and control groups of both versions tell; each test has a machine of its own.
local machine = require "dm.machine"
local t = require "tests.support"

describe("the machine", function()
  local GIB = 2 ^ 30

  before_each(function() machine.root = t.scratch() end)
  after_each(function()
    machine.root = ""
    t.clean()
  end)

  local function has(files)
    for path, text in pairs(files) do
      os.execute("mkdir -p " .. t.quote(machine.root .. path:match "^(.*)/"))
      t.write(machine.root .. path, text .. "\n")
    end
  end

  local function has_memory(total, free)
    has { ["/proc/meminfo"] = ("MemTotal: %d kB\nMemAvailable: %d kB"):format(total / 1024, free / 1024) }
  end

  it("is bounded by nothing but itself without control groups", function()
    has_memory(8 * GIB, 5 * GIB)
    assert.same({ total = 8 * GIB, free = 5 * GIB, room = 5 * GIB }, machine.memory())
    assert.is_nil(machine.cpu_quota())
  end)

  it("is bounded by the least of the groups around, version 2", function()
    has_memory(64 * GIB, 50 * GIB)
    has {
      ["/proc/self/cgroup"] = "0::/slice/job/step",
      ["/sys/fs/cgroup/slice/memory.max"] = tostring(32 * GIB),
      ["/sys/fs/cgroup/slice/memory.current"] = tostring(30 * GIB),
      ["/sys/fs/cgroup/slice/memory.stat"] = "anon 1\ninactive_file " .. 10 * GIB,
      ["/sys/fs/cgroup/slice/job/memory.max"] = tostring(16 * GIB),
      ["/sys/fs/cgroup/slice/job/memory.current"] = tostring(GIB),
      ["/sys/fs/cgroup/slice/job/step/memory.max"] = "max",
      ["/sys/fs/cgroup/slice/cpu.max"] = "350000 100000",
      ["/sys/fs/cgroup/slice/job/cpu.max"] = "max 100000",
    }
    assert.same({ total = 64 * GIB, free = 50 * GIB, group = 16 * GIB, room = 12 * GIB }, machine.memory())
    assert.equal(3.5, machine.cpu_quota())
  end)

  it("sees a container's own group at the root", function()
    has_memory(64 * GIB, 50 * GIB)
    has {
      ["/proc/self/cgroup"] = "0::/",
      ["/sys/fs/cgroup/memory.max"] = tostring(4 * GIB),
      ["/sys/fs/cgroup/memory.current"] = tostring(GIB),
      ["/sys/fs/cgroup/cpu.max"] = "50000 100000",
    }
    assert.same({ total = 64 * GIB, free = 50 * GIB, group = 4 * GIB, room = 3 * GIB }, machine.memory())
    assert.equal(0.5, machine.cpu_quota())
    assert.equal(1, machine.processors())
  end)

  it("is bounded by groups of version 1", function()
    has_memory(64 * GIB, 50 * GIB)
    has {
      ["/proc/self/cgroup"] = "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x",
      ["/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes"] = tostring(8 * GIB),
      ["/sys/fs/cgroup/memory/docker/x/memory.usage_in_bytes"] = tostring(5 * GIB),
      ["/sys/fs/cgroup/memory/docker/x/memory.stat"] = "inactive_file 1\ntotal_inactive_file " .. 2 * GIB,
      ["/sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712",
      ["/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us"] = "200000",
      ["/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us"] = "100000",
      ["/sys/fs/cgroup/cpu/cpu.cfs_quota_us"] = "-1",
      ["/sys/fs/cgroup/cpu/cpu.cfs_period_us"] = "100000",
    }
    assert.same({ total = 64 * GIB, free = 50 * GIB, group = 8 * GIB, room = 5 * GIB }, machine.memory())
    assert.equal(2, machine.cpu_quota())
  end)

  it("bounds the workers that a recipe asks for, too", function()
    has { ["/proc/self/cgroup"] = "0::/", ["/sys/fs/cgroup/cpu.max"] = "50000 100000" }
    local recipe = t.write(machine.root .. "/recipe.yaml", "dataset_path: a.jsonl\nnp: 8\nprocess: []\n")
    assert.equal(1, require("dm.pipeline").load(recipe).workers)
  end)

  it("is told by doctor to run fewer workers than it has processors, when its memory is for fewer", function()
    local doctor = require "dm.cli.doctor"
    local function beware()
      local file, before = assert(io.tmpfile()), io.output()
      io.output(file)
      local ok, why = pcall(doctor.run)
      io.output(before)
      assert(ok, why)
      file:seek "set"
      return file:read "*a":match "\nbeware\n(.*)$" or ""
    end
    has { ["/proc/self/limits"] = "Max open files            1024                 20000                files" }
    has_memory(64 * GIB, 900 * 2 ^ 20)
    local said = beware()
    if machine.processors() > 1 then
      assert.truthy(said:find(("  a run has 1 worker here, for %d processors: no more for 943.7 MB of memory, 536.9 MB "
        .. "each (-j N starts more)\n"):format(machine.processors()), 1, true), said)
    end
    has_memory(4096 * GIB, 4000 * GIB)
    assert.falsy(beware():find("a run has", 1, true))
  end)

  it("holds as many workers as its memory does", function()
    local auto = require("dm.machine.workers").auto
    has_memory(64 * GIB, 900 * 2 ^ 20)
    local p = { resources = { cpus = 1, gpus = 0, memory = 0 }, given_limits = {}, limits = { memory = 2 * GIB } }
    local n, bound = auto(p)
    assert.equal(1, n)
    if machine.processors() > 1 then assert.equal("no more for 943.7 MB of memory, 536.9 MB each", bound) end
    has_memory(4096 * GIB, 4000 * GIB)
    assert.same({ machine.processors() }, { auto(p) })
    has_memory(64 * GIB, 60 * GIB)
    p.given_limits, p.limits.memory = { memory = "40GiB" }, 40 * GIB
    assert.equal(1, (auto(p)))
    p.given_limits, p.resources.cpus = {}, machine.processors()
    assert.same({ 1 }, { auto(p) })
  end)
end)
