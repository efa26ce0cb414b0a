-- The HTTP server as Lua sees it: requests come from C (host/serve/server.c), a handler answers each.
local ffi = require "ffi"
local utf8 = require "dm.utf8"
local wait = require "dm.wait"

local C = ffi.C
local err = ffi.new "struct dm_error"
local request = ffi.new "struct dm_serve_request"
local reply = ffi.new "struct dm_serve_reply"

local M = {}

---@class dm.HttpRequest
---@field method string
---@field path string decoded, without the query
---@field target string as the client wrote it
---@field content_type string?
---@field authorization string?
---@field host string?
---@field origin string?
---@field body string

---@class dm.HttpAnswer
---@field status integer
---@field content_type string?
---@field header string? name of one more
---@field value string?
---@field body string

local function text(p)
  return p ~= nil and ffi.string(p) or nil
end

---A path without escapes, as Python decodes it.
local function decode(path)
  return utf8.replaced((path:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
end

---@return dm.HttpRequest
local function take()
  local target = ffi.string(request.target)
  return {
    method = ffi.string(request.method),
    target = target,
    path = decode(target),
    content_type = text(request.content_type),
    authorization = text(request.authorization),
    host = text(request.host),
    origin = text(request.origin),
    body = ffi.string(request.body, request.body_bytes),
  }
end

---@param id integer
---@param answer dm.HttpAnswer
local function answer_with(id, answer)
  reply.status, reply.content_type = answer.status, answer.content_type
  reply.header, reply.value = answer.header, answer.value
  reply.body, reply.body_bytes = answer.body, #answer.body
  C.dm_serve_answer(id, reply)
end

---Begins to listen. What comes is answered while the event loop runs.
---@param options table fields of struct dm_serve_options
---@param handle fun(request: dm.HttpRequest): dm.HttpAnswer must not wait or raise
---@return integer port
function M.start(options, handle)
  local port = C.dm_serve_start(ffi.new("struct dm_serve_options", options), err)
  if port < 0 then error(require("dm.problem").of_c(port, ffi.string(err.text)), 0) end
  wait.add_source {
    take = function()
      while C.dm_serve_next(request) == 1 do
        local id = request.id
        answer_with(id, handle(take()))
      end
    end,
    pending = function() return true end,
  }
  return port
end

---What has come of clients.
---@return ffi.cdata* struct dm_serve_counts
function M.counts()
  local counts = ffi.new "struct dm_serve_counts"
  C.dm_serve_count(counts)
  return counts
end

return M
