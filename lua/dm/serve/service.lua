-- Who gets an answer, and from whom: the token, /healthz, /metrics, and the API behind them.
local api = require "dm.serve.api"

local M = {}

---@class dm.Service
---@field api dm.Api
---@field metrics dm.Metrics
---@field token string?
---@field trouble fun(): string? why tasks can not be written down at present
local Service = {}
Service.__index = Service

---@param parts table the fields
---@return dm.Service
function M.new(parts)
  return setmetatable(parts, Service)
end

---Whether two texts are equal, in a time that does not tell where they differ.
local function same(a, b)
  local difference = #a == #b and 0 or 1
  for i = 1, #b do difference = bit.bor(difference, bit.bxor(a:byte(i) or 0, b:byte(i))) end
  return difference == 0
end

local LOCAL = { localhost = true, ["127.0.0.1"] = true, ["[::1]"] = true }

---Whether the request may come from a page in somebody's browser: it names another site, or is for a name that leads
---here by somebody else's doing.
local function is_foreign(request)
  local host = (request.host or ""):lower():gsub(":%d+$", "")
  return request.origin ~= nil or not (LOCAL[host] or host:find "^127%.[%d.]+$")
end

---@param request dm.HttpRequest
---@return dm.HttpAnswer? refusal
function Service:refuse(request)
  if self.token then
    local given = (request.authorization or ""):match "^[Bb]earer +(.-) *$"
    if given and same(given, self.token) then return nil end
    local refusal = api.detail(401, "Unauthorized")
    refusal.header, refusal.value = "WWW-Authenticate", "Bearer"
    return refusal
  end
  if is_foreign(request) then return api.detail(403, "Forbidden") end
end

---Answers a request, or raises what went wrong.
---@param request dm.HttpRequest
---@return dm.HttpAnswer
function Service:answer(request)
  if request.path == "/healthz" and request.method == "GET" then
    local trouble = self.trouble()
    return { status = trouble and 503 or 200, content_type = "text/plain; charset=utf-8",
      body = (trouble or "ok") .. "\n" }
  end
  local refusal = self:refuse(request)
  if refusal then return refusal end
  if request.path == "/metrics" and request.method == "GET" then
    return { status = 200, content_type = "text/plain; version=0.0.4; charset=utf-8", body = self.metrics:text() }
  end
  return self.api:handle(request)
end

---Answers a request, whatever it is.
---@param request dm.HttpRequest
---@return dm.HttpAnswer
function Service:handle(request)
  local ok, answer = pcall(self.answer, self, request)
  if not ok then
    io.stderr:write("dmhost: ", tostring(answer), "\n")
    answer = api.internal_error()
  end
  self.metrics:count(answer.status)
  return answer
end

return M
