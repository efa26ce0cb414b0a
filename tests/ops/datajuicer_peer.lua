-- Data-Juicer's operators as a peer: what its own code answered, row by row. Every row runs as a sample and as a
-- plain table, and both must give what Data-Juicer gave.
local conformance = require "tests.ops.conformance"
local dm = require "dm"
local registry = require "dm.registry"
local sample = require "dm.sample"

local same = conformance.same

local ASSETS = "tests/ops/vectors/datajuicer_assets"

---Parameters beyond those of a case: where the word lists lie that Data-Juicer downloads.
local GIVEN = {
  flagged_words_filter = { flagged_words_dir = ASSETS },
  stopwords_filter = { stopwords_dir = ASSETS },
}

local function has_param(class, name)
  for _, p in ipairs(class.params) do
    if p[1] == name then return true end
  end
  return false
end

---Makes the operator of a case; with statistics in the sample where it can.
local function make(class, name, case, stats)
  local params = conformance.parameters(case.data.params)
  for k, v in pairs(GIVEN[name] or {}) do
    if params[k] == nil then params[k] = v end
  end
  if stats and has_param(class, "keep_stats_in_res_ds") then params.keep_stats_in_res_ds = true end
  return class(params)
end

local function show(v)
  if type(v) == "table" then v = sample.sample(v) end
  return tostring(v)
end

---What became of one row: a list of samples.
local function results(op, row)
  if op.kind == "slicer" then return op:slice(row) end
  return { op:execute(row) or row }
end

---The rows of the output that an input row became, from 0 in source_row.
local function expected(data, i)
  if not data.source_row then return { data.output[i] } end
  local list = {}
  for j, source in ipairs(data.source_row) do
    if source == i - 1 then list[#list + 1] = data.output[j] end
  end
  return list
end

local function check_mapper(op, row, data, i)
  local got = results(op, row)
  for k, v in ipairs(got) do got[k] = sample.totable(v) end
  return same(got, expected(data, i)), show(got)
end

local function check_filter(op, row, data, i, counting)
  local before = sample.totable(dm.clone(row))
  local keep = op:execute(row)
  if keep ~= data.keep[i] then return false, tostring(keep) end
  if not same(row, before) then return false, "a changed sample: " .. show(row) end
  if not data.stats or not has_param(counting, "keep_stats_in_res_ds") then return true end
  counting:execute(row)
  local stats = row.__dj__stats__ or {}
  return same(stats, data.stats[i]), show(stats)
end

---A selector of rows that judges each row alone is a filter here.
local function check_selector(op, row, data, i)
  local selected = false
  for _, index in ipairs(data.select_index) do selected = selected or index == i - 1 end
  local keep = op:execute(row)
  return keep == selected, tostring(keep)
end

local CHECKS = { mapper = check_mapper, filter = check_filter, selector = check_selector }

---Whether an operator refuses a row, or refuses to be made.
local function refuses(class, name, case, row)
  return not pcall(function() make(class, name, case):execute(row) end)
end

---A row of the case as a sample of its own and as a plain table.
local function forms(case, i)
  local row = dm.clone(case.node.input[i])
  return { sample = row, table = sample.totable(row) }
end

local function check_row(class, name, case, i, ops)
  for form, row in pairs(forms(case, i)) do
    local good, got
    if case.data.error then
      good, got = refuses(class, name, case, row), "no error"
    else
      local compare = CHECKS[case.data.kind] or error("no way to compare a " .. case.data.kind, 0)
      good, got = compare(ops[1], row, case.data, i, ops[2])
    end
    if not good then return false, ("%s (as a %s)"):format(got, form) end
  end
  return true
end

---@param name string
---@param case Case
---@param count fun(row: string, good: boolean, got: string?)
local function check(name, case, count)
  local class = assert(registry.get(name))
  local ops = not case.data.error and { make(class, name, case), make(class, name, case, true) }
  for i, input in ipairs(case.data.input) do
    local ok, good, got = pcall(check_row, class, name, case, i, ops)
    if not ok then good, got = false, "an error: " .. tostring(good) end
    count(tostring(input.id or i), good, got)
  end
end

---@param folder string
---@param name string
---@param exceptions string
---@return Peer
local function peer(folder, name, exceptions)
  return {
    name = name,
    folder = folder,
    exceptions = require("tests.ops.exceptions")[exceptions],
    has = function(op) return registry.get(op) ~= nil end,
    check = check,
  }
end

local peers = { peer("tests/ops/vectors/datajuicer", "Data-Juicer", "datajuicer") }
local elsewhere = os.getenv "DMHOST_VECTORS"
if elsewhere and elsewhere ~= "" then
  peers[2] = peer(elsewhere .. "/datajuicer_unit", "Data-Juicer's own unit tests", "datajuicer_unit")
end
return peers
