-- Gives every operator, and every verb that operators of users call, long texts that are meant to do harm:
--   dmhost lua tests/ops/hostile.lua [BYTES] [CASE]
-- where CASE is a Lua pattern of names. Each case has a process of its own with the memory of a worker; its texts are
-- tried at parts of the length too, so that what takes more than linear time is seen however slow the machine
-- is. Prints a line for each case: its least speed, the most memory that it takes for a byte of text, how many times as
-- long a byte takes in the long text as in the short one; and what is wrong: the exit status is 1 then.
local cases = require "tests.ops.hostile_cases"
local child = require "dm.child"
local ffi = require "ffi"
local machine = require "dm.machine"
local t = require "tests.support"
local texts = require "tests.ops.hostile_texts"

local M = {}

-- Parts of the length that are tried, and how many times as long a byte may take in the longest as in the shortest:
-- what is quadratic takes sixteen times, what outgrows the processor's caches about five. Less than SHORT seconds are
-- not compared.
local PARTS, GROWTH, SHORT = { 16, 4, 1 }, 8, 0.2
-- Fewer bytes say nothing of what one takes.
local SMALL = 1e5
local HOURS = 2
local MEMORY = 2 ^ 31
-- The sanitizers keep what was freed and pad what was not.
local SANITIZED = t.DMHOST:find("/san/", 1, true) ~= nil
local MOST_MEMORY = SANITIZED and 2 * MEMORY or MEMORY

local function status_bytes(name)
  return tonumber(t.read "/proc/self/status":match(name .. ":%s*(%d+)")) * 1024
end

---Seconds that a call takes, the bytes that the process grew by meanwhile, and what it raised.
---@param prepare (fun(text: string): any)? makes what `fn` takes
local function measure(fn, given, prepare)
  if prepare then given = prepare(given) end
  collectgarbage()
  collectgarbage()
  t.write("/proc/self/clear_refs", "5") -- the peak is now what there is
  local before, began = status_bytes "VmRSS", os.clock()
  local ok, raised = pcall(fn, given)
  local seconds = os.clock() - began
  return seconds, status_bytes "VmHWM" - before, not ok and tostring(raised) or nil
end

---How many times as long a byte takes in the long text as in the short one. What grows on one half of the way only is
---another way of working: a sketch that no longer suffices, a table that no longer fits the cache.
---@param long number seconds that the long one took
local function growth_of(fn, given, prepare, long)
  local function cost(i, seconds) return seconds / (type(given(i)) == "number" and given(i) or #given(i)) end
  local short, half = cost(1, measure(fn, given(1), prepare)), cost(2, measure(fn, given(2), prepare))
  return math.min(half / short, cost(3, long) / half) ^ 2
end

---Tries a text; tells what came of it.
---@param given fun(part: integer): string|number what is tried, of each length
local function try(fn, name, given, prepare)
  local seconds, memory, raised = measure(fn, given(3), prepare)
  local growth = 0
  if seconds > SHORT then growth = growth_of(fn, given, prepare, seconds) end
  -- another process may have had the processor
  if growth > GROWTH then growth = math.min(growth, growth_of(fn, given, prepare, (measure(fn, given(3), prepare)))) end
  local size = type(given(3)) == "number" and given(3) or #given(3)
  child.tell { text = name, bytes = size, seconds = seconds, memory = memory, raised = raised, growth = growth }
end

local function path_of(folder, part, name) return ("%s/%d %s"):format(folder, part, name) end

---A text that was written; with "*a" it would be read into buffers that double.
local function read_text(folder, part, name)
  local file = assert(io.open(path_of(folder, part, name), "rb"))
  local size = file:seek "end"
  file:seek "set"
  local text = file:read(size)
  file:close()
  return text
end

---What a case is given.
local function text_names(case)
  local list = texts.names(texts.TEXTS)
  if case.texts == "bytes" then
    for _, name in ipairs(texts.names(texts.BYTES)) do list[#list + 1] = name end
  end
  return list
end

---Writes all texts, which take longer to make than to read.
---@return string folder
local function write_texts(bytes)
  local folder = t.scratch()
  for _, list in ipairs { texts.TEXTS, texts.BYTES } do
    for name, text in pairs(list) do
      for _, part in ipairs(PARTS) do t.write(path_of(folder, part, name), texts.build(text, bytes / part)) end
    end
  end
  return folder
end

---Tries a case with all of its texts.
local function try_case(case, bytes, folder)
  local fn, prepare = case.make()
  if case.texts == "size" then
    try(fn, "size", function(i) return bytes / PARTS[i] end)
    return
  end
  measure(fn, "a text of some words, 数据", prepare)
  for _, name in ipairs(text_names(case)) do
    child.tell { begun = name }
    local given = {}
    try(fn, name, function(i)
      given[i] = given[i] or read_text(folder, PARTS[i], name)
      return given[i]
    end, prepare)
  end
end

---The child's side: one case.
---@param words string[] its name, the length of the texts, and their folder
---@return integer exit status
function M.inside(words)
  ffi.C.dm_child_limit_memory(MEMORY)
  for _, case in ipairs(cases.cases()) do
    if case.name == words[1] then try_case(case, tonumber(words[2]), words[3]) end
  end
  t.clean()
  return 0
end

---What is wrong with one text.
local function fault(told)
  if told.growth > GROWTH then
    return ("%.1f times as long for each byte of a text %d times as long (%.2f s)"):format(told.growth, PARTS[1],
      told.seconds)
  end
  if told.memory > MOST_MEMORY then return ("takes %.0f MiB"):format(told.memory / 2 ^ 20) end
  if told.raised and told.raised:find("memory", 1, true) then return told.raised end
end

local function greater(best, told, value)
  return (not best or value > best.value) and { value = value, text = told.text } or best
end

---@class dm.HostileResult
---@field name string
---@field slowest table? { value, text }: seconds for each byte
---@field memory table? the same: bytes for each byte
---@field growth table?
---@field faults string[]

---@return dm.HostileResult
local function judge(case, ended)
  local result, begun = { name = case.name, faults = {} }, nil
  for _, told in ipairs(ended.told) do
    begun = told.begun
    if told.text then
      if told.bytes > SMALL then
        result.slowest = greater(result.slowest, told, told.seconds / told.bytes)
        result.memory = greater(result.memory, told, told.memory / told.bytes)
      end
      result.growth = greater(result.growth, told, told.growth)
      local wrong = fault(told)
      if wrong then table.insert(result.faults, told.text .. ": " .. wrong) end
    end
  end
  if ended.status ~= 0 or ended.signal ~= 0 or ended.timed_out then
    table.insert(result.faults, ("%s: %s\n%s"):format(begun or "?", child.killed(ended, HOURS * 3600)
      or "status " .. ended.status, ended.err:sub(1, 4000)))
  end
  return result
end

local function show(result)
  if result.slowest then
    local slow, memory, growth = result.slowest, result.memory, result.growth
    io.write(("%-50s %7.1f MB/s (%s), %.1f bytes a byte (%s), growth %.1f (%s)\n"):format(result.name,
      1e-6 / slow.value, slow.text, memory.value, memory.text, growth.value, growth.text))
  end
  for _, text in ipairs(result.faults) do io.write("WRONG ", result.name, ": ", text, "\n") end
  io.flush()
end

---Tries those cases, as many at once as there are processors.
---@param bytes number
---@param pattern string
---@return boolean whether nothing was wrong
function M.report(bytes, pattern)
  local list, good, next_case, folder = {}, true, 0, write_texts(bytes)
  for _, case in ipairs(cases.cases()) do
    if case.name:find(pattern) then list[#list + 1] = case end
  end
  local function start()
    next_case = next_case + 1
    local case = list[next_case]
    local words = { case.name, tostring(bytes), folder }
    child.start("tests.ops.hostile", "inside", words, HOURS * 3600 * 1000, function(ended)
      local result = judge(case, ended)
      show(result)
      good = good and #result.faults == 0
    end)
  end
  for _ = 1, math.min(machine.processors(), #list) do start() end
  while child.wait() do
    if next_case < #list then start() end
  end
  t.clean()
  return good
end

if ... ~= "tests.ops.hostile" then
  package.loaded["tests.ops.hostile"] = M
  os.exit(M.report(tonumber(arg[1] or 1e7), arg[2] or "") and 0 or 1)
end

return M
