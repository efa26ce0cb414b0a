-- dmhost explain: what every operator of a run did to one of its rows, with the code that the run directory kept.
local ffi = require "ffi"
local client_module = require "dm.trace.client"
local disk = require "dm.disk"
local folder_module = require "dm.run.folder"
local json = require "dm.json"
local look_module = require "dm.trace.look"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local record_json = require "dm.trace.json"
local row_id = require "dm.row_id"
local rows = require "dm.trace.rows"
local show = require "dm.trace.show"
local sources = require "dm.sources"
local target = require "dm.trace.target"

local C = ffi.C

local M = {
  summary = "what every operator of a run did to one row",
  usage = "dmhost explain RUN ROW [--json]",
  most = 2,
  options = { { "json", doc = "one JSON object, as `dmhost try --json` has them" } },
  notes = [[
RUN is a run directory, or the output that it belongs to. ROW is FILE@OFFSET, as the ledger and the rejects name it;
with #1 it is what a slicer made of it. The row is read again and goes through the operators as they were when the
run began; an input that has changed since is refused.

exit status: 0 explained; 2 it can not be
]],
}

---How a file was when the run began; nil: it is no input of it.
local function stamp_of(folder, path)
  for line in (disk.read(folder .. "/inputs") or ""):gmatch "[^%z]+" do
    local was, name = line:match "^(%d+ %d+) (.*)$"
    if name == path then return was end
  end
end

---The run directory, of those of a run's passes, of which the file is an input. Refuses when there is none, or when the
---file is not as it was when that began.
---@param last string the run directory that errors name
---@param all string[] those of all passes, in order
---@param path string
---@return string
local function find_run(last, all, path)
  local folder, was
  for _, each in ipairs(all) do
    was = stamp_of(each, path)
    folder = each
    if was then break end
  end
  if not was then
    problem.raise(("%s is no input of this run"):format(path), { next = ("%s/inputs names them"):format(last) })
  end
  local out = C.dm_text_out()
  out.n = 0
  C.dm_file_stamp(path, out)
  if ffi.string(out.p, out.n) == was then return folder end
  if not sources.exists(path) then
    problem.raise(("the input %s is gone; its rows can not be read again"):format(path),
      { next = "explain needs it where it was; relative paths count from the current directory" })
  end
  problem.raise(("the input %s has changed since the run began; it can not be replayed"):format(path),
    { next = "`dmhost try PIPELINE.lua --row ROW` shows what becomes of a row now" })
end

---What the ledger of the run says of a row.
local function ledger_of(folder, id)
  local file = io.open(folder .. "/ledger.jsonl", "rb")
  if not file then return nil end
  local start = '{"row":' .. record_json.value(id) .. ","
  for line in file:lines() do
    if line:sub(1, #start) == start then
      file:close()
      local ok, entry = pcall(json.decode, line)
      return ok and entry or nil
    end
  end
  file:close()
end

---Whether the replay came out as the run did.
local function compare(folder, plan, id, record, ops)
  local list, entry = {}, ledger_of(folder, id)
  local op = record.op and (record.op == 0 and "input" or ops[record.op] and ops[record.op].name)
  if entry and (entry.outcome ~= record.outcome or entry.op ~= op) then
    list[1] = ("in the run it was %s by %s: %s"):format(entry.outcome, entry.op, entry.reason)
  elseif not entry and record.outcome ~= "kept" and not record.children and disk.read(folder .. "/run.json") then
    list[1] = "in the run it was kept"
  end
  if #list > 0 and plan.binary ~= bit.tohex(C.dm_self_hash(), 16) then
    list[2] = "this dmhost is not the one that ran it"
  end
  return list
end

local function explain(values)
  if not values[2] then problem.raise("no run and row are given", { next = M.usage }) end
  local last, all = folder_module.find(values[1])
  local path, offset = row_id.parse(values[2])
  if not path then
    problem.raise(('a row is named FILE@OFFSET, not "%s"'):format(values[2]), { next = row_id.FORM })
  end
  if path == "-" then
    problem.raise("the run read standard input, which can not be read again",
      { next = "write it to a file, and run the pipeline on that" })
  end
  local folder = find_run(last, all, path)
  local plan = assert(folder_module.own(folder, "plan.json", "run the pipeline again to explain its rows"))
  local client = client_module.new { target = plan.pipeline, folders = plan.folders, settings = plan.settings,
    sources = plan.sources, pass = plan.pass }
  local info, fault = client:load()
  if not info then error(fault, 0) end
  local record = look_module.one(client, path, rows.one(path, offset, info), values[2])
  return record, info, compare(folder, plan, values[2], record, info.ops)
end

local function main(values)
  local record, info, notes = explain(values)
  if values.json then
    io.write(record_json.record(record, info.ops), "\n")
    return 0
  end
  local lines = show.record(paint_module.new(), record, info, "", true)
  for _, line in ipairs(lines) do io.write(line, "\n") end
  for _, note in ipairs(notes) do io.write("note: ", note, "\n") end
  return 0
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  return target.run(function() return main(values) end, values.json)
end

return M
