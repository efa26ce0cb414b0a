-- A record of a trace as lines for people: the operators that did something, word by word, why a row is out, and what
-- an error was.
local diff = require "dm.trace.diff"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local problem_show = require "dm.problem.show"
local sample_module = require "dm.sample"
local units = require "dm.units"

local lines_of, visible = paint_module.lines, paint_module.visible

local M = {}

-- Characters that are shown around a change, and of a stretch that went or came.
local AROUND, LONGEST = 40, 300

-- Columns of a pipe in which lines of sources are quoted.
local WIDEST = 100

local STYLE = { kept = "green", dropped = "yellow", rejected = "red" }

local function add(list, more)
  for _, line in ipairs(more) do list[#list + 1] = line end
end

---A value as text: of a string its characters, of anything else its JSON. The second answer is what stands around it.
local function text_of(raw)
  if raw:byte(1) ~= 34 then return raw, "" end
  local ok, text = pcall(function() return sample_module.parse('{"v":' .. raw .. "}").v end)
  return ok and text or raw, ok and '"' or ""
end

local function elided(n)
  return { (" ... %s characters ... "):format(units.show_count(n)), "dim" }
end

---An unchanged stretch: what stands next to changes of it.
local function show_same(spans, text, first, last)
  local n = paint_module.length(text)
  local head, tail = first and 0 or AROUND, last and 0 or AROUND
  if n <= head + tail + AROUND then
    spans[#spans + 1] = { visible(text) }
    return
  end
  if head > 0 then spans[#spans + 1] = { visible(paint_module.head(text, head)) } end
  spans[#spans + 1] = elided(n - head - tail)
  if tail > 0 then spans[#spans + 1] = { visible(paint_module.tail(text, tail)) } end
end

local MARKS = { ["-"] = { "[-", "-]", "gone" }, ["+"] = { "{+", "+}", "come" } }

---A stretch that went or came; without colours in brackets, as `git diff --word-diff` has them.
local function show_change(paint, spans, stretch)
  local open, close, style = unpack(MARKS[stretch.kind])
  local text, n = stretch.text, paint_module.length(stretch.text)
  if not paint.colour then spans[#spans + 1] = { open } end
  if n > LONGEST then
    spans[#spans + 1] = { visible(paint_module.head(text, AROUND * 2), true), style }
    spans[#spans + 1] = elided(n - AROUND * 4)
    text = paint_module.tail(text, AROUND * 2)
  end
  spans[#spans + 1] = { visible(text, true), style }
  if not paint.colour then spans[#spans + 1] = { close } end
end

---The lines of one field that changed.
local function show_field(paint, change, indent)
  local name = (" "):rep(indent) .. visible(change.field) .. "  "
  local spans = { { name, "cyan" } }
  local before, after = change.before and text_of(change.before), change.after and text_of(change.after)
  local stretches
  if before and after then
    stretches = diff.words(before, after)
  else
    stretches = { { kind = before and "-" or "+", text = before or after } }
  end
  for i, stretch in ipairs(stretches) do
    if stretch.kind == "=" then
      show_same(spans, stretch.text, i == 1, i == #stretches)
    else
      show_change(paint, spans, stretch)
    end
  end
  return lines_of(paint, spans, indent + 2)
end

local function show_number(v)
  if type(v) ~= "number" then return tostring(v) end
  return v % 1 == 0 and units.show_count(v) or ("%.6g"):format(v)
end

---"5, below min_len 6": what was measured, and the bound that it crossed.
local function measured(step)
  if step.value == nil then return step.reason or "" end
  return show_number(step.value) .. (step.reason and ", " .. step.reason or "")
end

---What an error was: the line of the source that it was raised in, and what to do.
---@param paint dm.Paint
---@param fault dm.Fault
---@param margin string
---@return string[]
function M.fault(paint, fault, margin)
  local list, p = {}, problem.new("", { at = fault.at, next = fault.next }) -- what went wrong says the caller
  local room = paint.columns - #margin
  local style = { colour = paint.colour, width = math.min(room, WIDEST), columns = room < math.huge and room or nil }
  for line in problem_show.text(p, style):gmatch "[^\n]+" do list[#list + 1] = margin .. line end
  if fault.path then table.insert(list, 1, margin .. "  at      " .. visible(fault.path)) end
  return list
end

local function show_step(paint, list, step, info, margin)
  local name = info.ops[step.op] and info.ops[step.op].name or "input"
  local spans = { { margin .. "  " .. name, "bold" } }
  if step.outcome == "dropped" then
    spans[#spans + 1] = { "  dropped: " .. visible(measured(step)), "yellow" }
  elseif step.outcome == "rejected" then
    spans[#spans + 1] = { "  failed: " .. visible(step.fault and step.fault.what or step.reason), "red" }
  elseif step.outcome == "sliced" then
    spans[#spans + 1] = { ("  made %d sample%s"):format(step.made, step.made == 1 and "" or "s") }
  elseif step.value ~= nil then
    spans[#spans + 1] = { "  kept: " .. show_number(step.value), "dim" }
  elseif step.outcome == "kept" then
    spans[#spans + 1] = { "  unchanged", "dim" }
  end
  add(list, lines_of(paint, spans, #margin + 4))
  for _, change in ipairs(step.changed or {}) do add(list, show_field(paint, change, #margin + 4)) end
  if step.fault and not step.known then add(list, M.fault(paint, step.fault, margin .. "  ")) end
end

local function did_something(step)
  return step.outcome ~= "kept" or step.changed and #step.changed > 0
end

local function headline(record, info, anything)
  if record.outcome == "kept" then return anything and "kept" or "kept, unchanged" end
  if record.op == 0 then return "rejected: " .. visible(record.reason) end
  local op = info.ops[record.op]
  return record.outcome .. " by " .. (op and op.name or "?")
end

---The beginning of the row, for who wonders which it was.
local function preview(paint, record, margin)
  local text = record.text or record.input or ""
  if record.input then
    local ok, field = pcall(function() return sample_module.parse(record.input).text end)
    if ok and type(field) == "string" then text = field end
  end
  local room = math.min(paint.columns, 100) - #margin - 8
  local shown = visible(paint_module.head(text, room + 8))
  if paint_module.columns(shown) > room then
    while paint_module.columns(shown) > room do shown = paint_module.head(shown, paint_module.length(shown) - 1) end
    shown = shown .. " ..."
  end
  return lines_of(paint, { { margin .. "  " .. shown, "dim" } }, #margin + 2)
end

---The lines of a record.
---@param paint dm.Paint
---@param record dm.Record
---@param info table of the client
---@param margin string?
---@param every boolean? operators that did nothing too
---@return string[]
function M.record(paint, record, info, margin, every)
  local list, anything = {}, false
  margin = margin or ""
  for _, step in ipairs(record.steps) do anything = anything or did_something(step) end
  add(list, lines_of(paint, { { margin .. visible(record.row), "title" }, { "  " },
    { headline(record, info, anything), STYLE[record.outcome] } }, #margin + 2))
  if not record.steps[1] or not (record.steps[1].changed and #record.steps[1].changed > 0) then
    add(list, preview(paint, record, margin))
  end
  if record.fault and not record.known then add(list, M.fault(paint, record.fault, margin)) end
  for _, step in ipairs(record.steps) do
    if every or did_something(step) then show_step(paint, list, step, info, margin) end
  end
  for _, child in ipairs(record.children or {}) do
    add(list, M.record(paint, child, info, margin .. "  ", every))
  end
  return list
end

return M
