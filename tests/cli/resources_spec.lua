-- What operators say that they need: summed up, checked, asked of engines; and the accelerators that workers get.
local t = require "tests.support"

local q = t.quote

describe("operators' resources", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(2000, 3))
    os.execute("mkdir -p " .. q(dir .. "/ops/user"))
  end)
  after_each(t.clean)

  local MODEL = [[
local Mapper = require("dm.base_op").Mapper
local Model = Mapper:extend { name = "model", summary = "Tells what it was given.", resources = %s }
function Model:execute(s)
  s.accelerator, s.devices = self.accelerator, table.concat(self.devices, " ")
  s.seen = os.getenv "CUDA_VISIBLE_DEVICES"
end
return Model
]]

  local function prepare(resources, operators, more)
    t.write(dir .. "/ops/user/model.lua", MODEL:format(resources))
    t.write(dir .. "/p.lua", ([[local dm = require "dm"
return dm.pipeline { input = "in.jsonl", output = "out.jsonl", split_size = "8KiB", %s
  operators = { %s } }
]]):format(more or "", operators))
  end

  local function dmhost(words, env)
    return t.bash(("cd %s && %s timeout 100 %s %s"):format(q(dir), env or "", q(t.DMHOST), words))
  end

  local TWO = [[{ "model", accelerator = "cuda" },
    { "text_length_filter", resources = { cpus = 0.75, memory = "1GiB" } }]]

  it("add up, for check and --dry-run", function()
    prepare("{ cpus = 1.5, gpus = 0.5, memory = '2GiB' }", TWO)
    local status, _, err = dmhost "check p.lua"
    assert.equal(0, status, err)
    assert.truthy(err:find("p.lua: each worker needs 3 processors, 1 GPU, 3.2 GB of memory\n", 1, true), err)
    local _, out = dmhost("run p.lua --dry-run -j 1")
    assert.truthy(out:find("workers   1\n          each needs 3 processors, 1 GPU, 3.2 GB of memory\n", 1, true), out)
    _, out = dmhost("run p.lua --dry-run --engine process --workers 2 --cpus 5 --gpus 0")
    assert.truthy(out:find("workers   2\n          each needs 5 processors, 3.2 GB of memory\n", 1, true), out)
  end)

  for asked, message in pairs {
    ["{ cpus = -1 }"] = "cpus must be a number from 0 to 4096, not -1",
    ["{ gpus = 0/0 }"] = "gpus must be a number from 0 to 4096, not ",
    ["{ memory = '2 apples' }"] = 'memory must be a size such as "4GiB", not "2 apples"',
    ["{ memory = 0 }"] = 'memory must be a size such as "4GiB", not 0',
    ["{ gpu = 1 }"] = 'has no key "gpu"; did you mean "gpus"?',
  } do
    it("can not be " .. asked, function()
      prepare(asked, '{ "model" }')
      for _, command in ipairs { "run p.lua -j 1", "check p.lua" } do
        local status, out, err = dmhost(command)
        assert.equal(2, status)
        assert.truthy((out .. err):find(message, 1, true), out .. err)
        assert.truthy((out .. err):find "ops/user/model.lua:2:", out .. err)
      end
      prepare("{}", ('{ "model", resources = %s }'):format(asked))
      for _, command in ipairs { "run p.lua -j 1", "check p.lua" } do
        local status, out, err = dmhost(command)
        assert.equal(2, status)
        assert.truthy((out .. err):find(message, 1, true), out .. err)
        assert.truthy((out .. err):find "p.lua:3:", out .. err)
      end
    end)
  end

  local LIMIT = [[dm.map(function(s)
    s.limit = io.open "/proc/self/limits":read "*a":match "Max data size%s+(%w+)" end)]]

  -- The sanitizers take more address space than any limit allows: there is none then.
  local function limit(bytes)
    return t.DMHOST:find("/san/", 1, true) and "unlimited" or tostring(bytes)
  end

  it("are no more than limits.memory, which follows them where it is not given", function()
    prepare("{ memory = '3GiB' }", '{ "model" }', 'limits = { memory = "2GiB" },')
    for _, command in ipairs { "run p.lua -j 1", "check p.lua" } do
      local status, out, err = dmhost(command)
      assert.equal(2, status)
      assert.truthy((out .. err):find("limits.memory, 2GiB, is less than the 3.2 GB", 1, true), out .. err)
      assert.truthy((out .. err):find "p.lua:2:", out .. err)
    end
    prepare("{ memory = '3GiB' }", LIMIT .. ', { "model" }')
    assert.equal(0, (dmhost "run p.lua -j 1 -q"))
    assert.equal(limit(3 * 2 ^ 30), t.json_lines(dir .. "/out.jsonl")[1].limit)
  end)

  it("are no more than the limits.memory of --set, for check as for run", function()
    prepare("{ memory = '3GiB' }", '{ "model" }', 'limits = { memory = "2GiB" },')
    -- check comes first: the output of the run is in its way
    for _, case in ipairs { { "check p.lua", "p.lua:1: error: --set: " }, { "run p.lua -j 1", "dmhost: --set: " } } do
      local command, at = case[1], case[2]
      local status, out, err = dmhost(command .. " --set limits.memory=1GiB")
      assert.equal(2, status)
      assert.truthy((out .. err):find(at .. "limits.memory, 1GiB, is less than the 3.2 GB", 1, true), out .. err)
      status, out, err = dmhost(command .. " --set limits.memory=3GiB")
      assert.equal(0, status, out .. err)
      status, out, err = dmhost(command .. " --set limits.memroy=3GiB")
      assert.equal(2, status)
      assert.truthy((out .. err):find(at .. 'limits has no key "memroy"; did you mean "memory"?', 1, true), out .. err)
    end
  end)

  it("bound a worker by what its engine gives", function()
    prepare("{}", LIMIT)
    assert.equal(0, (dmhost "run p.lua -q --engine process --workers 1 --memory 512M"))
    assert.equal(limit(512 * 2 ^ 20), t.json_lines(dir .. "/out.jsonl")[1].limit)
    local status, _, err = dmhost "run p.lua --force --engine process --workers 1 --memory 10M"
    assert.equal(2, status)
    assert.truthy(err:find("--memory, 10.5 MB, is less than the 100.7 MB that a worker needs", 1, true), err)
  end)

  it("ask an engine for no less than a worker may take, when nothing else is said", function()
    prepare("{ memory = '1GiB' }", LIMIT .. ', { "model" }', 'limits = { memory = "3GiB" },')
    local status, _, err = dmhost "run p.lua -q --engine process --workers 1"
    assert.equal(0, status, err)
    assert.equal(limit(3 * 2 ^ 30), t.json_lines(dir .. "/out.jsonl")[1].limit)
    prepare("{ memory = '64MiB' }", LIMIT .. ', { "model" }')
    status, _, err = dmhost "run p.lua -q --force --engine process --workers 1"
    assert.equal(0, status, err)
  end)

  ---The lists of devices that workers had.
  local function devices()
    local seen, names = {}, {}
    for _, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do
      assert.equal("cuda", row.accelerator)
      assert.equal(row.devices, (row.seen:gsub(",", " ")))
      if not seen[row.devices] then names[#names + 1] = row.devices end
      seen[row.devices] = true
    end
    table.sort(names)
    return names
  end

  -- The first row of each worker waits for that of the other, so that both have rows.
  local MEET = [[dm.map(function(s)
    local function there(devices)
      local file = io.open("seen-" .. devices)
      return file and file:close()
    end
    if there(s.devices) then return end
    io.open("seen-" .. s.devices, "w"):close()
    for _ = 1, 5000 do
      if there %q and there %q then return end
      require("ffi").C.dm_pause(2)
    end
  end)]]

  local function split(env, words, expected)
    prepare("{ gpus = 1 }", '{ "model", accelerator = "cuda" }, ' .. MEET:format(expected[1], expected[#expected]))
    local status, _, err = dmhost("run p.lua -q --max-rejects 2000 " .. words, env)
    assert.equal(0, status, err)
    assert.same(expected, devices())
  end

  it("share out the accelerators among workers here", function()
    split("CUDA_VISIBLE_DEVICES=3,GPU-7,5", "-j 2", { "3", "GPU-7 5" })
  end)
  it("share out the accelerators of a worker host", function()
    split("CUDA_VISIBLE_DEVICES=4,5", "--engine process --workers 2 --slots 2", { "4", "5" })
  end)
  it("share one accelerator when there are too few", function()
    split("CUDA_VISIBLE_DEVICES=2", "-j 2", { "2" })
  end)
  it("know what Slurm grants", function()
    split("SLURM_JOB_GPUS=6,7", "-j 2", { "6", "7" })
  end)
  it("bound the number of workers", function()
    prepare("{ gpus = 1 }", '{ "model" }')
    local _, out = dmhost("run p.lua --dry-run", "CUDA_VISIBLE_DEVICES=0")
    assert.truthy(out:find "workers   1%f[\n ]", out)
    for _, none in ipairs { "", "-1" } do
      local status, _, err = dmhost("run p.lua -j auto", "CUDA_VISIBLE_DEVICES=" .. none)
      assert.equal(2, status)
      assert.truthy(err:find("the operators need 1 GPU for each worker, and this machine shows 0", 1, true), err)
    end
  end)
end)
