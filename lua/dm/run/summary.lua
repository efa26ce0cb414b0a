-- What a run came to, as a table: counts of rows and bytes, and what became of them in each operator.
local ffi = require "ffi"
local sample = require "dm.sample"

local C = ffi.C

local M = {}

---@class dm.RunSummary part of run.json
---@field seconds number
---@field splits integer
---@field workers_lost integer
---@field rows { in: integer, out: integer, blank_lines: integer, rejected_input: integer }
---@field bytes { in: integer, out: integer }
---@field asked table? of models, by all operators
---@field operators table[] { name, time_share, reasons, in, out, made, dropped, rejected, changed, asked }
---@field input_reasons table[] why rows were rejected before any operator
---@field earlier { rows: integer, bytes: integer }? what of it was done before the run was resumed; not in run.json

local function reasons_of(counts, op)
  local list = sample.array {}
  for i = 0, counts.nreasons - 1 do
    local r = counts.reasons[i]
    if r.op == op then
      list[#list + 1] = { reason = ffi.string(r.text), rows = tonumber(r.n), rejected = r.rejected == 1 }
    end
  end
  table.sort(list, function(a, b)
    if a.rows ~= b.rows then return a.rows > b.rows end
    return a.reason < b.reason
  end)
  return list
end

local FIELDS = { "in", "out", "made", "dropped", "rejected", "changed" }

local ASKED = { "requests", "retries", "tokens_in", "tokens_out", "cached" }

---What was asked of models, by one operator or all; nil when that is nothing.
---@param a ffi.cdata* struct dm_asked
local function asked(a)
  if a.requests == 0 and a.cached == 0 then return nil end
  local t = {}
  for _, field in ipairs(ASKED) do t[field] = tonumber(a[field]) end
  if a.cost > 0 then t.cost = tonumber(a.cost) / 1e9 end
  if a.requests > 0 then
    t.latency_ms = {}
    for _, p in ipairs { 50, 90, 99 } do
      t.latency_ms["p" .. p] = tonumber(("%.3g"):format(C.dm_asked_percentile(a, p / 100)))
    end
  end
  return t
end

---What all operators asked.
local function asked_by_all(outcome)
  if outcome.asked == nil then return nil end
  local sum = ffi.new "struct dm_asked"
  for i = 0, outcome.counts.nops - 1 do C.dm_asked_add(sum, outcome.asked[i]) end
  return asked(sum)
end

local function operators(outcome, names)
  local counts = outcome.counts
  local list, ticks = sample.array {}, 0
  if counts.ops == nil then return list end
  for i, name in ipairs(names) do
    local c = counts.ops[i - 1]
    local op = { name = name, ticks = tonumber(c.ticks), reasons = reasons_of(counts, i - 1) }
    for _, field in ipairs(FIELDS) do op[field] = tonumber(c[field]) end
    op.asked = outcome.asked ~= nil and asked(outcome.asked[i - 1]) or nil
    ticks = ticks + op.ticks
    list[i] = op
  end
  for _, op in ipairs(list) do
    op.time_share = ticks > 0 and op.ticks / ticks or 0
    op.ticks = nil
  end
  return list
end

---What a run came to.
---@param outcome ffi.cdata* struct dm_outcome *
---@param names string[] of its operators
---@return dm.RunSummary
function M.of(outcome, names)
  local c = outcome.counts
  return {
    seconds = outcome.seconds,
    splits = tonumber(outcome.splits),
    workers_lost = tonumber(outcome.lost),
    rows = { ["in"] = tonumber(c.rows), out = tonumber(c.out), blank_lines = tonumber(c.blank),
      rejected_input = tonumber(c.bad) },
    bytes = { ["in"] = tonumber(c.bytes), out = tonumber(c.out_bytes) },
    asked = asked_by_all(outcome),
    operators = operators(outcome, names),
    input_reasons = reasons_of(c, -1),
    earlier = { rows = tonumber(outcome.rows_before), bytes = tonumber(outcome.bytes_before) },
  }
end

---What was asked by two runs; how long replies took is known of each alone.
local function both_asked(a, b)
  if not a or not b then return a or b end
  local t = {}
  for _, field in ipairs(ASKED) do t[field] = a[field] + b[field] end
  if a.cost or b.cost then t.cost = (a.cost or 0) + (b.cost or 0) end
  return t
end

---Arrays that were read from a file, as such.
local function as_array(list)
  return sample.array { unpack(list) }
end

local function both_reasons(a, b)
  local list, places = as_array(a), {}
  for i, r in ipairs(list) do places[r.reason] = i end
  for _, r in ipairs(b) do
    local i = places[r.reason]
    if i then
      list[i] = { reason = r.reason, rows = list[i].rows + r.rows, rejected = r.rejected }
    else
      list[#list + 1] = r
    end
  end
  return list
end

---What two runs came to of which the second took what came out of the first.
---@param first dm.RunSummary
---@param second dm.RunSummary
---@return dm.RunSummary
function M.join(first, second)
  local joined = {
    seconds = first.seconds + second.seconds,
    splits = first.splits + second.splits,
    workers_lost = first.workers_lost + second.workers_lost,
    rows = { ["in"] = first.rows["in"], out = second.rows.out, blank_lines = first.rows.blank_lines,
      rejected_input = first.rows.rejected_input + second.rows.rejected_input },
    bytes = { ["in"] = first.bytes["in"], out = second.bytes.out },
    asked = both_asked(first.asked, second.asked),
    operators = sample.array {},
    input_reasons = both_reasons(first.input_reasons, second.input_reasons),
  }
  for _, part in ipairs { first, second } do
    for _, op in ipairs(part.operators) do
      joined.operators[#joined.operators + 1] = op
      op.reasons = as_array(op.reasons)
      op.time_share = joined.seconds > 0 and op.time_share * part.seconds / joined.seconds or 0
    end
  end
  return joined
end

---Rows that operators dropped.
---@param summary dm.RunSummary
---@return integer
function M.dropped(summary)
  local n = 0
  for _, op in ipairs(summary.operators) do n = n + op.dropped end
  return n
end

---Rows that were rejected, by operators and before them.
---@param summary dm.RunSummary
---@return integer
function M.rejected(summary)
  local n = summary.rows.rejected_input
  for _, op in ipairs(summary.operators) do n = n + op.rejected end
  return n
end

return M
