-- Runs recorded answers of the projects whose operators ours follow, and counts how many we give too.
-- A peer (tests/ops/NAME_peer.lua) says where its vectors lie and how one case is compared; specs and the
-- table of `make conformance` share it. As a script it prints the table.
local ffi = require "ffi"
local json = require "dm.json"
local sample = require "dm.sample"

local NULL = json.decode("[null]")[1]

local M = { out = io.stderr }

---@class Peer
---@field name string heading
---@field folder string with a NAME.jsonl for each operator, one case a line
---@field exceptions table<string, table<string, string>>? operator -> row -> why we answer otherwise
---@field has fun(name: string): boolean whether there is an operator to run the file with
---@field check fun(name: string, case: Case, count: fun(row: string, good: boolean, got: string?))
---@field run (fun(peer: Peer, name: string): Result)? instead of check, where cases are not independent rows

---@class Case
---@field line integer number in the file
---@field data table the case, decoded; null is what dm.json makes of it
---@field node ffi.cdata* the case as a sample

---@class Result
---@field name string
---@field passed integer
---@field total integer
---@field excepted integer rows that are exceptions, not among the total
---@field faults string[] rows that failed, and exceptions that are none

local err = ffi.new "struct dm_error"

---A sample of JSON text, with every spelling that the text has.
---@param text string
---@return ffi.cdata*
function M.parse(text)
  local s = ffi.C.dm_sample_make(text, #text, 0, err)
  if s == nil then error(ffi.string(err.text), 0) end
  return ffi.gc(sample.root(s), ffi.C.dm_sample_release)
end

---The value with every null as dm.null, as parameters are given.
---@param v any decoded JSON
---@return any
function M.parameters(v)
  if v == NULL then return sample.null end
  if type(v) ~= "table" then return v end
  local t = {}
  for k, x in pairs(v) do t[k] = M.parameters(x) end
  return t
end

local function close(a, b)
  return a == b or math.abs(a - b) <= 1e-12 * math.max(1, math.abs(b))
end

local function plain(v)
  if v == NULL or rawequal(v, sample.null) then return nil end
  return sample.totable(v)
end

---Whether two values are the same JSON, by the rules of the vectors: numbers by value, null as a missing key.
---@param a any
---@param b any
---@return boolean
function M.same(a, b)
  a, b = plain(a), plain(b)
  if type(a) == "number" and type(b) == "number" then return close(a, b) end
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do
    if not M.same(v, b[k]) then return false end
  end
  for k, v in pairs(b) do
    if a[k] == nil and plain(v) ~= nil then return false end
  end
  return true
end

---Names of the operators that a folder has vectors of, sorted.
---@param folder string
---@return string[]
function M.names(folder)
  local list = {}
  local pipe = assert(io.popen("ls '" .. folder .. "'"))
  for file in pipe:lines() do list[#list + 1] = file:match "^(.*)%.jsonl$" end
  pipe:close()
  assert(#list > 0, "no vectors in " .. folder)
  table.sort(list)
  return list
end

local function counter(result, exceptions, line)
  return function(row, good, got)
    local key = line .. ":" .. row
    local excepted = exceptions[key]
    if excepted then
      exceptions[key] = nil
      result.excepted = result.excepted + 1
      if good then table.insert(result.faults, key .. " is an exception and passes") end
      return
    end
    result.total = result.total + 1
    if good then
      result.passed = result.passed + 1
    else
      table.insert(result.faults, ("%s gave %s"):format(key, tostring(got)))
    end
  end
end

---Runs a file of vectors.
---@param peer Peer
---@param name string
---@return Result
function M.run(peer, name)
  local result = { name = name, passed = 0, total = 0, excepted = 0, faults = {} }
  local exceptions, line = {}, 0
  for key, why in pairs((peer.exceptions or {})[name] or {}) do exceptions[key] = why end
  for text in io.lines(peer.folder .. "/" .. name .. ".jsonl") do
    line = line + 1
    local case = { line = line, data = json.decode(text), node = M.parse(text) }
    peer.check(name, case, counter(result, exceptions, line))
  end
  for key in pairs(exceptions) do table.insert(result.faults, key .. " is an exception and does not exist") end
  return result
end

local function print_result(result)
  local excepted = result.excepted > 0 and (", %d exceptions"):format(result.excepted) or ""
  M.out:write(("  %-46s %5d of %5d%s\n"):format(result.name, result.passed, result.total, excepted))
end

---The names of a peer's files: those that can be run, and the others.
---@param peer Peer
---@return string[] there
---@return string[] missing
local function divide(peer)
  local there, missing = {}, {}
  for _, name in ipairs(M.names(peer.folder)) do
    table.insert(peer.has(name) and there or missing, name)
  end
  return there, missing
end

---Gives `each` a name and a function for every file of a peer that can be run; the function prints the result
---and raises when a row is wrong. Prints what can be run and what is not there yet.
---@param peer Peer
---@param each fun(name: string, run: fun())
function M.each(peer, each)
  local there, missing = divide(peer)
  each("runs some vectors", function()
    M.out:write("\n", peer.name, "\n")
    if #missing > 0 then M.out:write("  not there yet: ", table.concat(missing, ", "), "\n") end
    assert(#there > 0, "no operator has vectors")
  end)
  for _, name in ipairs(there) do
    each(name, function()
      local result = (peer.run or M.run)(peer, name)
      print_result(result)
      local faults = result.faults
      if result.total == 0 then faults = { "no row was compared" } end
      if #faults > 0 then error(name .. ": " .. table.concat(faults, "\n", 1, math.min(#faults, 10)), 0) end
    end)
  end
end

---Prints the table of all peers.
---@return boolean whether everything passed
function M.report()
  local good = true
  for _, peer in ipairs(M.peers()) do
    M.each(peer, function(_, run)
      local ok, faults = pcall(run)
      if not ok then M.out:write(faults, "\n") end
      good = good and ok
    end)
  end
  return good
end

---The peers that can be compared with: those whose vectors are in the repository, and the unit tests of one
---when the environment's DMHOST_VECTORS says where they are.
---@return Peer[]
function M.peers()
  local list = {}
  for _, name in ipairs { "datajuicer", "datamate" } do
    for _, peer in ipairs(require("tests.ops." .. name .. "_peer")) do list[#list + 1] = peer end
  end
  return list
end

if ... ~= "tests.ops.conformance" then
  package.loaded["tests.ops.conformance"] = M
  M.out = io.stdout
  os.exit(M.report() and 0 or 1)
end

return M
