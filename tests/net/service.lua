-- What specs of `dmhost serve` share: starting and ending one, and asking it.
local http = require "dm.http"
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

local M = {}

local WAITS = [[
local C = require("ffi").C
local Mapper = require("dm.base_op").Mapper
local Waits = Mapper:extend { name = "WaitsMapper", summary = "Waits." }
local function is_open()
  io.open("RAN", "w"):close()
  local file = io.open "OPEN"
  if file then file:close() end
  return file ~= nil
end
function Waits:execute(sample)
  while not is_open() do C.dm_pause(20) end
  sample.text = sample.text .. "!"
end
return Waits
]]

---Adds WaitsMapper to a service's folder: it waits until there is a file OPEN in it, and makes a file RAN meanwhile.
function M.add_operator(dir)
  t.shell(("mkdir -p %s/ops/user"):format(q(dir)))
  t.write(dir .. "/ops/user/WaitsMapper.lua", WAITS)
end

---Starts a service in a folder, which ends with M.stop.
function M.start(dir, words, environment)
  local pid_file = dir .. "/pid"
  os.remove(dir .. "/err")
  local command = "cd %s && { exec env %s %s serve --flow flow --port 0 %s >/dev/null 2>err & echo $! >pid; }"
  os.execute(command:format(q(dir), environment or "", q(t.DMHOST), words or ""))
  local service = { dir = dir }
  local port = M.eventually(service, "its port", function()
    return (t.read(dir .. "/err") or ""):match "http://[%d.]+:(%d+)"
  end)
  service.port, service.pid = tonumber(port), t.read(pid_file):match "%d+"
  return service
end

function M.stop(service, signal)
  os.execute(("kill -%s %s"):format(signal or "TERM", service.pid))
  M.eventually(service, "its end", function() return not t.lives(service.pid) end)
end

---Makes requests by Python's client, which sends them as they are: { method, target, body, headers }.
function M.ask_all(service, list)
  local lines = {}
  for i, r in ipairs(list) do
    local headers = r.headers or { ["Content-Type"] = "application/json" }
    lines[i] = ('{"port":%d,"method":%s,"target":%s,"body":%s,"headers":%s}'):format(service.port, json.encode(r[1]),
      json.encode(r[2]), json.encode(r[3] or ""), next(headers) and json.encode(headers) or "{}")
  end
  t.write(service.dir .. "/requests", table.concat(lines, "\n") .. "\n")
  local status, out, err = t.shell(("python3 tests/net/client.py <%s"):format(q(service.dir .. "/requests")))
  assert(status == 0, err)
  local answers = {}
  for i, line in ipairs(t.lines(out)) do answers[i] = json.decode(line) end
  return answers
end

---Makes a request that is nothing special.
---@return dm.HttpReply
function M.ask(service, method, target, body, headers)
  local url = ("http://127.0.0.1:%d%s"):format(service.port, target)
  local options = { proxy = "", headers = headers or { ["Content-Type"] = "application/json" } }
  if method == "GET" then return assert(http.get(url, options)) end
  return assert(http.post(url, body or "", options))
end

---What a service's list says of a task.
function M.known(service, id)
  return json.decode(M.ask(service, "POST", "/api/task/list", json.encode { task_ids = { id } }).body)[1][id]
end

---Waits, a minute at most, until a condition holds, and gives what that is.
function M.eventually(service, what, condition)
  return t.wait_for(what, condition, function() return t.read(service.dir .. "/err") end)
end

return M
