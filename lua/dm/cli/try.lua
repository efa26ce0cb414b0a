-- dmhost try: a few rows through a pipeline or one operator, and what each operator did to them.
local client_module = require "dm.trace.client"
local json = require "dm.trace.json"
local rows = require "dm.trace.rows"
local session = require "dm.session"

local M = {
  summary = "see what operators do to a few rows",
  usage = "dmhost try OPERATOR|PIPELINE.lua|-e TEXT [IN]... [OPTIONS]",
  options = {
    { "limit", short = "n", value = "N", doc = "show N rows; default 10" },
    { "sample", value = "P", doc = "a share of the rows, from 0 to 1, at random but the same each time" },
    { "where", value = "EXPR", doc = "rows for which this is true, in Lua: 'sample.text:find \"x\"'" },
    { "row", value = "ROW", doc = "one row: FILE@OFFSET, as messages, ledger and rejects name it; with #1 its child" },
    { "eval", short = "e", value = "TEXT", doc = "the pipeline as text" },
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator; may be repeated" },
    { "json", doc = "one JSON object a row: outcome, and what every operator did" },
  },
}

local DEFAULT_LIMIT, CHUNK_ROWS, CHUNK_BYTES = 10, 256, 4 * 1024 * 1024

---@param values table
---@return dm.LoadSpec
---@return string[] inputs
local function read_arguments(values)
  local target = values.eval and "(-e)" or values[1]
  if not target then error("needs an operator or a pipeline: dmhost try OPERATOR|PIPELINE.lua [IN]", 0) end
  local inputs = {}
  for i = values.eval and 1 or 2, #values do inputs[#inputs + 1] = values[i] end
  return { target = target, eval = values.eval, folders = values.ops or {}, settings = values.set or {} }, inputs
end

---Up to so many rows, or bytes of them.
local function chunk_of(next_row, most)
  local list, bytes = {}, 0
  while #list < most and bytes < CHUNK_BYTES do
    local row = next_row()
    if not row then break end
    list[#list + 1] = row
    bytes = bytes + #row.text
  end
  return list
end

local function shown(values, client, record)
  if values.json then return io.write(json.record(record, client.info.ops), "\n") end
end

---Traces the rows of one source until enough are shown. Returns how many are still wanted.
local function trace_source(values, client, name, next_row, wanted)
  while wanted > 0 and not client.stopped do
    local list = chunk_of(next_row, values.where and CHUNK_ROWS or wanted)
    if #list == 0 then break end
    while #list > 0 and wanted > 0 do
      local answer, lost, at = client:rows { name = name, rows = list, full = true, where = values.where, most = wanted }
      for _, record in ipairs(answer.records) do
        if not shown(values, client, record) then return 0 end
        wanted = wanted - 1
      end
      if lost then
        if not shown(values, client, lost) then return 0 end
        wanted = wanted - 1
      end
      local rest = {}
      for i = at and at + 1 or #list + 1, #list do rest[#rest + 1] = list[i] end
      list = rest
    end
  end
  return wanted
end

local function trace(values, client, inputs)
  local wanted = tonumber(values.limit) or DEFAULT_LIMIT
  local limits, sampled = client.info.limits, rows.sampled(values.sample)
  if #inputs == 0 then inputs = client.info.input or {} end
  if #inputs == 0 then
    trace_source(values, client, rows.DEMO, rows.text(rows.demo(client.info.examples)), math.huge)
    return 0
  end
  for _, path in ipairs(rows.paths(inputs)) do
    wanted = trace_source(values, client, path, rows.file(path, limits, sampled), wanted)
    if wanted == 0 then break end
  end
  return 0
end

local function main(values, spec, inputs)
  local client = client_module.new(spec)
  local info, fault = client:load()
  if not info then
    io.stderr:write("dmhost try: ", fault.full, "\n")
    return 2
  end
  return trace(values, client, inputs)
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  local ok, spec, inputs = pcall(read_arguments, values)
  if not ok then
    io.stderr:write("dmhost try: ", spec, "\n")
    return 2
  end
  return session.begin(function() return main(values, spec, inputs) end)
end

return M
