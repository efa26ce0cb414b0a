-- Replies that were paid for: kept on disk by what was asked, so that nobody asks twice. The run's coordinator owns
-- the file (host/run/replies.h); without one, as in `dmhost try`, nothing is found and nothing kept.
local bytes = require "dm.bytes"
local ffi = require "ffi"
local raised = require "dm.raised"
local sample = require "dm.sample"

local C = ffi.C
local err = ffi.new "struct dm_error"
local out = ffi.new "struct dm_buf"

local M = {}

---Where replies are kept when nobody says where.
---@return string? path nil without a home
function M.path()
  local base, home = os.getenv "XDG_CACHE_HOME", os.getenv "HOME"
  if not base or base:sub(1, 1) ~= "/" then base = home and home ~= "" and home .. "/.cache" end
  return base and base .. "/dmhost/llm.sqlite"
end

---The key of a request: a digest, so that neither prompts nor what is secret stand in the file.
---@param place string the endpoint, without what is secret in its URL
---@param body string the request: model, parameters, messages
---@return string
function M.key(place, body)
  return bytes.sha256(place .. "\n" .. body)
end

---Whether replies are kept, or were.
---@return boolean
function M.is_used()
  return C.dm_reply_kept() == 1 or C.dm_reply_only() == 1
end

---The reply that was kept; nil when there is none. Raises when there must be one (--replay).
---@param key string
---@return table?
function M.find(key)
  out.n = 0
  local found = C.dm_reply_find(key, out, err)
  if found < 0 then raised.end_run(ffi.string(err.text)) end
  if found == 0 then
    if C.dm_reply_only() == 1 then
      raised.end_run "--replay: a request is not among the recorded ones\nrecord again with --cache FILE"
    end
    return nil
  end
  local read, reply = sample.within(ffi.string(out.p, out.n), sample.totable)
  if not read then error("a reply that was kept is damaged: " .. reply, 0) end
  return reply
end

---Keeps a reply.
---@param key string|false|nil nil: it was found; false: none is kept
---@param value table
function M.keep(key, value)
  if not key or C.dm_reply_kept() == 0 then return end
  local text = sample.json(value)
  if C.dm_reply_keep(key, text, #text, err) < 0 then raised.end_run(ffi.string(err.text)) end
end

return M
