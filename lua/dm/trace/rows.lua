-- Rows for those who look at some of them: of files, standard input, one row by its id, or the rows that are built in.
local ffi = require "ffi"
local embedded = require "dm.embedded"
local files = require "dm.files"
local problem = require "dm.problem"
local sample_module = require "dm.sample"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---@class dm.FedRow
---@field text string without newline; of a row that is not read, its beginning
---@field offset number
---@field number integer line in the file, from the place where reading began
---@field reason string? why no operator gets to see it

---Bytes of rows, about, that are sent to a worker at a time.
M.CHUNK_BYTES = 4 * 1024 * 1024

---The built-in rows' name in row ids.
M.DEMO = "demo"

local function fail()
  error(problem.of_c(tonumber(err.status), ffi.string(err.text)), 0)
end

local function reason_of(what, limits)
  if what == C.DM_FEED_LONG then
    return ("row is longer than limits.row_size, %d bytes"):format(limits.row_size)
  end
  return what == C.DM_FEED_DAMAGE and ffi.string(err.text) or nil
end

---The rows of one file.
---@param path string
---@param limits table of the pipeline
---@param sampled ffi.cdata*|number see struct dm_settings
---@param start number? offset of the first one
---@return fun(): dm.FedRow?
function M.file(path, limits, sampled, start)
  local feed = C.dm_feed_open(path, start or 0, limits.row_size, sampled, err)
  if feed == nil then fail() end
  return function()
    if feed == nil then return nil end
    local what = C.dm_feed_next(feed, err)
    if what < 0 then fail() end
    if what == C.DM_FEED_END then
      C.dm_feed_close(feed)
      feed = nil
      return nil
    end
    return { text = ffi.string(feed.p, feed.n), offset = feed.offset, number = feed.number,
      reason = reason_of(what, limits) }
  end
end

---The rows of a text.
---@param text string
---@return fun(): dm.FedRow?
function M.text(text)
  local at, number = 1, 0
  return function()
    local from, to = at, text:find("\n", at, true)
    if not to then return nil end
    at, number = to + 1, number + 1
    return { text = text:sub(from, to - 1), offset = from - 1, number = number }
  end
end

---The files that patterns, folders and names stand for, one after another.
---@param patterns string[]
---@return fun(): string?
function M.paths(patterns)
  C.dm_job_free() -- it holds what was there when rows were last asked for
  local job = C.dm_job_get()
  for _, pattern in ipairs(patterns) do
    if C.dm_job_add_input(job, pattern, err) < 0 then fail() end
  end
  local n, i = tonumber(C.dm_job_sort_inputs(job, err)), 0
  if n < 0 then fail() end
  return function()
    i = i + 1
    return i <= n and ffi.string(C.dm_job_input(job, i - 1)) or nil
  end
end

---The files that a pipeline reads as samples: a source for each, as those of M.sources.
local function documents(roots, content)
  local next_text = files.texts(files.new(roots, { content = content }))
  return function()
    local text, why = next_text()
    if not text then return nil end
    local row = { text = text, offset = 0, number = 1, reason = why }
    return sample_module.parse(text).filePath or "?", function()
      local one = row
      row = nil
      return one
    end
  end
end

---The sources of rows, one after another: each a name for row ids, and a function that gives its rows.
---@param inputs string[] that the command line names
---@param info table of the client
---@param sampled ffi.cdata*|number
---@return fun(): string?, (fun(): dm.FedRow?)? nil when nothing but the built-in rows is there
function M.sources(inputs, info, sampled)
  if #inputs == 0 and not info.single then
    if info.input and info.input.files then return documents(info.input.roots, info.input.content) end
    inputs = info.input or {}
  end
  if #inputs == 0 then return nil end
  local next_path = M.paths(inputs)
  return function()
    local path = next_path()
    if path then return path, M.file(path, info.limits, sampled) end
  end
end

---The built-in rows, behind an operator's own examples.
---@param examples string[] JSON
---@return string
function M.demo(examples)
  local text = table.concat(examples, "\n")
  return (text ~= "" and text .. "\n" or "") .. embedded.read "lua/dm/trace/demo.txt"
end

---The row that stands at exactly this offset.
---@param path string
---@param offset number
---@param limits table
---@return dm.FedRow
function M.at(path, offset, limits)
  local row = M.file(path, limits, 0, offset)()
  if not row or row.offset ~= offset then
    problem.raise(("no row of %s begins at byte %.0f"):format(path, offset),
      { next = row and ("the next one begins at %.0f"):format(row.offset) or "it ends before that" })
  end
  row.number = nil
  return row
end

---The same of a text.
---@param text string
---@param offset number
---@return dm.FedRow
function M.at_text(text, offset)
  for row in M.text(text) do
    if row.offset == offset then return row end
  end
  problem.raise(("no built-in row begins at byte %.0f"):format(offset),
    { next = "without --row they are shown with where they begin" })
end

---The row of an id, for a pipeline or an operator alone.
---@param path string
---@param offset number
---@param info table of the client
---@return dm.FedRow
function M.one(path, offset, info)
  if path == "-" then
    problem.raise("standard input can not be read again", { next = "write it to a file, and name a row of that" })
  end
  if path == M.DEMO then return M.at_text(M.demo(info.examples), offset) end
  local described = info.input and info.input.files and documents(info.input.roots, info.input.content)
  for name, next_row in described or function() end do
    if name == path and offset == 0 then return next_row() end
  end
  return M.at(path, offset, info.limits)
end

return M
