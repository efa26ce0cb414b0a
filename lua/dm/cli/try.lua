-- dmhost try: a few rows through a pipeline or one operator, and what each operator did to them.
local client_module = require "dm.trace.client"
local fault = require "dm.trace.fault"
local golden = require "dm.trace.golden"
local json = require "dm.trace.json"
local options = require "dm.cli.options"
local look_module = require "dm.trace.look"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local row_id = require "dm.row_id"
local rows = require "dm.trace.rows"
local show = require "dm.trace.show"
local tally_module = require "dm.trace.tally"
local target = require "dm.trace.target"

local M = {
  summary = "see what operators do to a few rows",
  usage = "dmhost try OPERATOR|PIPELINE.lua|-e TEXT [IN]... [OPTIONS]",
  options = target.with_options {
    { "limit", short = "n", value = "N", doc = "show N rows; default 10" },
    { "sample", value = "P", doc = "a share of the rows, from 0 to 1, at random but the same each time" },
    { "where", value = "EXPR", doc = "rows for which this is true, in Lua: 'sample.text:find \"x\"'" },
    { "row", value = "ROW", doc = "one row: FILE@OFFSET, as messages, ledger and rejects name it; with #1 its child" },
    { "save", doc = "make tests of the rows: lines of OPERATOR.golden.jsonl beside your operators' files" },
    { "json", doc = "one JSON object a row: outcome, and what every operator did" },
  },
  notes = [[
OPERATOR is a name, or a file that returns an operator. Rows come from IN (files, globs, folders, or - for standard
input), else from the pipeline's input; for an operator alone without IN from its examples and rows that are built in.
What went is shown as [-this-], what came as {+this+}, on a terminal in colours; blanks in changes as · → ↵ <U+00A0>.
A row may take 5 seconds, unless limits.row_time of the pipeline says otherwise.

exit status: 0 rows were shown; 2 wrong usage, pipeline or operator
]],
}

local DEFAULT_LIMIT, CHUNK = 10, 256

local function write_lines(lines)
  for _, line in ipairs(lines) do
    if not io.write(line, "\n") then return false end
  end
  return true
end

---Marks failures like one that was shown before: each is explained once.
local function mark_known(view, record)
  local function mark(failed, op)
    if not failed.fault then return end
    local path, line = fault.place(failed.fault)
    local key = ("%s:%s:%s:%s"):format(op, path, line, failed.fault.what)
    failed.known, view.seen[key] = view.seen[key], true
  end
  mark(record, 0)
  for _, step in ipairs(record.steps) do mark(step, step.op) end
  for _, child in ipairs(record.children or {}) do mark_known(view, child) end
end

---What becomes of a record. Answers true when nobody reads what is written.
local function tell(view, record)
  if view.only_active and #record.touched == 0 then
    view.idle = view.idle + 1
    return false
  end
  view.tally:add(record)
  if view.values.save then view.saved = view.saved + golden.save(record, view.client.info.ops) end
  local written
  if view.values.json then
    written = io.write(json.record(record, view.client.info.ops), "\n")
  else
    mark_known(view, record)
    written = write_lines(show.record(view.paint, record, view.client.info))
  end
  return not written or not io.flush()
end

---One row, by its id.
local function trace_row(view, id)
  local path, offset = row_id.parse(id)
  if not path then problem.raise(('--row takes FILE@OFFSET, not "%s"'):format(id), { next = row_id.FORM }) end
  local row = rows.one(path, offset, view.client.info)
  tell(view, look_module.one(view.client, path, row, id, { save = view.values.save }))
end

local function trace_demo(view, look)
  view.only_active, view.idle = true, 0
  look.request.name, look.chunk = rows.DEMO, math.huge
  local wanted = look.most
  look.most = math.huge
  local told = look.tell
  look.tell = function(record) return told(record) or view.tally.rows == wanted end
  look_module.run(look, rows.text(rows.demo(view.client.info.examples)))
end

local function trace_files(look, sources)
  for name, next_row in sources do
    look.request.name = name
    look_module.run(look, next_row)
    if look.most == 0 or look.stopped then break end
  end
end

local function trace(view, inputs)
  local info, values = view.client.info, view.values
  local look = { client = view.client, most = options.whole("try", values, "limit", 1) or DEFAULT_LIMIT, chunk = CHUNK,
    request = { full = true, where = values.where, save = values.save }, failures = 0,
    tell = function(record) return tell(view, record) end }
  local bound = options.sampled(values)
  local sources = not values.row and rows.sources(inputs, info, bound)
  if values.row then
    trace_row(view, values.row)
  elseif sources then
    trace_files(look, sources)
  else
    trace_demo(view, look)
  end
  return look
end

---The closing lines.
local function close(view, look)
  if look.stopped then io.stderr:write("dmhost: ", look.stopped, "\n") end
  if view.values.json then return end
  local list = {}
  if view.tally.rows > 0 then
    list = { "", view.tally:line(), unpack(view.tally:lines(view.client.info.ops)) }
  elseif view.values.where then
    list = { ("of %d rows --where fits none"):format(look.read) }
  elseif not view.only_active then
    list = { "the input has no rows" }
  end
  if view.only_active and view.idle > 0 then
    list[#list + 1] = ("%d built-in rows were left as they are"):format(view.idle)
  end
  if look.failures > 0 then
    list[#list + 1] = ("it failed on %d rows, first: %s"):format(look.failures, look.failure)
  end
  write_lines(list)
end

local function report_saved(view)
  if not view.values.save then return end
  io.stderr:write(("%d line%s added to golden files; `dmhost test` runs them\n"):format(view.saved,
    view.saved == 1 and "" or "s"))
end

local function main(values)
  local spec, inputs = target.of(values, "no operator or pipeline is given", M.usage)
  local client = client_module.new(spec)
  local info, why = client:load()
  if not info then error(why, 0) end
  local view = { values = values, client = client, paint = paint_module.new(), tally = tally_module.new(), saved = 0,
    seen = {} }
  if values.save then golden.check(info.ops) end
  local look = trace(view, inputs)
  close(view, look)
  report_saved(view)
  return 0
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  return target.run(function() return main(values) end, values.json)
end

return M
