-- HTTP for operators and scripts, written as if it waited: the sample does, the worker does not (in operators with
-- `waits = true`; elsewhere the worker waits too).
local ffi = require "ffi"
local params = require "dm.params"
local sample = require "dm.sample"
local units = require "dm.units"
local wait = require "dm.wait"

local C = ffi.C

---@class dm.http
local M = {}

---What a request may be given beside its URL and body; LLM operators take these too.
---@type dm.Param[]
M.OPTIONS = {
  { "connect_timeout", "string|number", default = "10s", doc = "longest time to connect" },
  { "first_byte_timeout", "string|number", default = "120s", doc = "longest time until the reply begins" },
  { "timeout", "string|number", default = "300s", doc = "longest time that a request may take" },
  { "max_reply", "string|number", default = "8MiB", doc = "longest reply that is taken" },
  { "ca_file", "string", doc = "certificates to trust instead of the system's" },
  { "cert_file", "string", doc = "the client's certificate" },
  { "key_file", "string", doc = "its private key" },
  { "key_password_env", "string", doc = "name of the environment variable that holds the key's password" },
  { "host_name", "string", doc = "the name that the server's certificate must carry instead of the URL's" },
  { "verify", "boolean", default = true, doc = "check the server's certificate" },
  { "proxy", "string", doc = "a proxy instead of the environment's; empty for none" },
}

local ALL = {
  { "headers", "map", default = {}, doc = "header lines by name" },
  { "redirects", "integer", default = 5, min = 0, doc = "how many redirects are followed" },
}
for _, option in ipairs(M.OPTIONS) do ALL[#ALL + 1] = option end

---Header lines, sorted by name. A name or value that would make another line raises.
---@param headers table<string, any>
---@return string
function M.lines(headers)
  local lines = {}
  for name, value in pairs(headers) do
    local line = ("%s: %s"):format(tostring(name), tostring(value))
    if line:find "%c" or tostring(name):find "[:%s]" then error("a header holds a control character", 0) end
    lines[#lines + 1] = line
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

local function milliseconds(options, name)
  local ms = units.milliseconds(options[name])
  if not ms or ms <= 0 then error(('"%s" is not a value for %s'):format(tostring(options[name]), name), 0) end
  return ms
end

---Options in the form that M.prepare takes; raises when one is wrong.
---@param options table as M.OPTIONS declares them
---@return table
function M.settle(options)
  local settled = {}
  for _, option in ipairs(M.OPTIONS) do settled[option[1]] = options[option[1]] end
  for _, name in ipairs { "connect_timeout", "first_byte_timeout", "timeout" } do
    settled[name] = milliseconds(options, name)
  end
  settled.max_reply = units.bytes(options.max_reply)
  if not settled.max_reply then error(('"%s" is not a value for max_reply'):format(options.max_reply), 0) end
  settled.key_password = options.key_password_env and os.getenv(options.key_password_env)
  return settled
end

---A request that can be made again and again, with one body or another.
---@class dm.PreparedRequest
---@field request ffi.cdata* struct dm_http_request
---@field with_head boolean? header lines are wanted of a good reply, too
---@field texts table that the request points to

---@param method string
---@param url string
---@param lines string? header lines, as M.lines makes them
---@param settled table as M.settle makes it
---@return dm.PreparedRequest
function M.prepare(method, url, lines, settled)
  local request = ffi.new "struct dm_http_request"
  request.method, request.url, request.headers = method, url, lines
  request.ca_file, request.cert_file, request.key_file = settled.ca_file, settled.cert_file, settled.key_file
  request.key_password, request.host_name = settled.key_password, settled.host_name
  request.proxy = settled.proxy
  request.connect_ms, request.first_byte_ms = settled.connect_timeout, settled.first_byte_timeout
  request.total_ms, request.max_bytes = settled.timeout, settled.max_reply
  request.unverified, request.redirects = settled.verify and 0 or 1, settled.redirects or 0
  return { request = request, with_head = settled.with_head, texts = { method, url, lines, settled } }
end

---Makes a request and waits for its end.
---@param prepared dm.PreparedRequest
---@param body string?
---@return dm.Ended
function M.send(prepared, body)
  return wait.request(prepared.request, body, prepared.with_head)
end

---The last value of each header, by its name in small letters.
---@param head string
---@return table<string, string>
function M.headers(head)
  local headers = {}
  for line in head:gmatch "[^\r\n]+" do
    local colon = line:find(":", 1, true)
    if colon then headers[line:sub(1, colon - 1):lower()] = line:match("^[ \t]*(.*)$", colon + 1) end
  end
  return headers
end

---@class dm.HttpReply
---@field status integer
---@field body string
---@field headers table<string, string> by name in small letters
---@field ms number how long it took

---@return dm.HttpReply?
---@return string? why there is none
local function ask(method, url, body, given)
  if type(url) ~= "string" then error("dm.http takes a URL, not a " .. type(url), 3) end
  local options, wrong = params.check(ALL, given or {}, sample.null)
  if not options then error("dm.http " .. wrong, 3) end
  local settled = M.settle(options)
  settled.redirects, settled.with_head = options.redirects, true
  wait.turn()
  local ended = M.send(M.prepare(method, url, M.lines(options.headers), settled), body)
  if ended.outcome ~= C.DM_HTTP_DONE then return nil, ended.error end
  return { status = ended.status, body = ended.body, headers = M.headers(ended.head), ms = ended.total_ms }
end

---Fetches a URL. Whatever the reply's status is, it is a reply.
---@param url string
---@param options table? headers, redirects, and those of M.OPTIONS
---@return dm.HttpReply? reply nil when there is none
---@return string? why
function M.get(url, options)
  return ask("GET", url, nil, options)
end

---Posts a body; a table is sent as JSON.
---@param url string
---@param body string|table
---@param options table? as M.get's
---@return dm.HttpReply? reply nil when there is none
---@return string? why
function M.post(url, body, options)
  if type(body) ~= "string" then
    body = sample.json(body)
    options = options or {}
    local headers = { ["Content-Type"] = "application/json" }
    for name, value in pairs(options.headers or {}) do headers[name] = value end
    local copy = {}
    for name, value in pairs(options) do copy[name] = value end
    copy.headers = headers
    options = copy
  end
  return ask("POST", url, body, options)
end

return M
