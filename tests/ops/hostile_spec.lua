-- Texts and parameters that are meant to do harm, for every operator that waits for nobody and for the verbs of users'
-- operators: they end, whether with a result or an error, and take no more memory than a worker has. Whether that takes
-- linear time is for `make hostile` to say, which gives them texts of 10 MB.
local cases = require "tests.ops.hostile_cases"
local ffi = require "ffi"
local registry = require "dm.registry"
local t = require "tests.support"
local texts = require "tests.ops.hostile_texts"

ffi.cdef [[
struct limit { uint64_t soft, hard; };
int getrlimit(int resource, struct limit *limit);
int setrlimit(int resource, const struct limit *limit);
]]

-- Bytes for each kind of case. Those of bytes reach beyond the pieces that these are read in, and a bomb's limit.
local LENGTHS = { text = 5e4, bytes = 1e5, size = 3e5 }
-- A quarter of what a worker has for half the length that asks for all of it when four pairs of bytes take a byte; the
-- same for levels: one may take 80 bytes for each byte of text.
local MEMORY, STACK, RLIMIT_STACK = 2 ^ 29, 4 * 2 ^ 20, 3

local function limit_stack()
  local limit = ffi.new "struct limit"
  assert(ffi.C.getrlimit(RLIMIT_STACK, limit) == 0)
  limit.soft = STACK
  assert(ffi.C.setrlimit(RLIMIT_STACK, limit) == 0)
end

---Calls what is tried; what it raises is a message, but not that memory ran short.
local function try(fn, given, of)
  local ok, raised = pcall(fn, given)
  if not ok then assert.is_nil(tostring(raised):find("memory", 1, true), of .. ": " .. tostring(raised)) end
end

describe("an operator withstands", function()
  setup(function()
    ffi.C.dm_child_limit_memory(MEMORY)
    limit_stack()
  end)
  teardown(t.clean)

  ---The texts of a list, with the length that cases of a kind get.
  local function build(list, kind)
    local built = {}
    for name, text in pairs(texts[list]) do built[name] = texts.build(text, LENGTHS[kind]) end
    return built
  end

  local lists = {
    text = { build("TEXTS", "text") },
    bytes = { build("TEXTS", "bytes"), build("BYTES", "bytes") },
  }

  local function try_all(fn, prepare, list)
    for _, name in ipairs(texts.names(list)) do
      try(fn, prepare and prepare(list[name]) or list[name], name)
    end
    collectgarbage()
  end

  for _, case in ipairs(cases.cases()) do
    it("texts that are meant to do harm: " .. case.name, function()
      local fn, prepare = case.make()
      if case.texts == "size" then
        fn(LENGTHS.size)
        return
      end
      for _, list in ipairs(lists[case.texts]) do try_all(fn, prepare, list) end
    end)
  end

  local function try_operator(op, s)
    local run, prepare = cases.run(op)
    try(run, prepare(s), op.name)
  end

  ---A class whose parameter has a value that nobody would give it.
  local function try_value(class, base, parameter, value)
    local given = {}
    for k, v in pairs(base) do given[k] = v end
    given[parameter] = value
    local ok, op = pcall(class, given)
    if ok then try_operator(op, "One text, <b>of</b> some words.\n\nAnd 数据 more.") end
  end

  local ODD = { -1, 0, 1, 0.5, 1e9, 2 ^ 53, -2 ^ 53, 1e308, math.huge, -math.huge, 0 / 0 }

  for _, name in ipairs(cases.operators()) do
    it("ranges that are none: " .. name, function()
      local class = registry.get(name)
      local base = pcall(class, {}) and {} or class.examples[1].params or {}
      for _, p in ipairs(class.params) do
        for _, value in ipairs(p[2]:find "number" and ODD or p[2]:find "integer" and ODD or {}) do
          try_value(class, base, p[1], value)
        end
      end
      if not class.bounds then return end
      local crossed = { [class.bounds[1]] = 1 }
      if class.bounds[2] then crossed[class.bounds[2]] = 0 end
      for k, v in pairs(base) do crossed[k] = v end
      local ok, op = pcall(class, crossed)
      if ok then try_operator(op, "text") end
    end)
  end
end)
