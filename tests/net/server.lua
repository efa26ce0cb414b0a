-- The tests' own servers (server.py and others) as processes beside the spec.
local json = require "dm.json"
local http = require "dm.http"
local t = require "tests.support"

local M = {}

---@class tests.Server
---@field port integer
---@field url fun(self: tests.Server, path: string): string
local Server = {}
Server.__index = Server

local running = {}

---Starts a server; M.stop ends it.
---@param options { port: integer?, certificate: string?, key: string?, clients: string?, host: string?,
---script: string? }? host: its address; clients: certificates, one of which a client must show; script: in this folder,
---instead of server.py: prints its port first
---@return tests.Server
function M.start(options)
  options = options or {}
  local folder = t.scratch()
  local words = { tostring(options.port or 0), options.certificate, options.key, options.clients }
  local host = options.host or "127.0.0.1"
  local _, out = t.shell(("HOST=%s python3 tests/net/%s %s >%s/port 2>%s/log </dev/null & echo $!"):format(host,
    options.script or "server.py", table.concat(words, " "), folder, folder))
  local server = setmetatable({ pid = tonumber(out), host = host }, Server)
  server.scheme = options.certificate and "https" or "http"
  running[#running + 1] = server
  server.port = t.wait_for("the server's port", function()
    return tonumber((t.read(folder .. "/port") or ""):match "%d+")
  end)
  return server
end

---Ends a server at once, as a crash would; it takes no more connections then.
function Server:kill()
  if not self.pid then return end
  os.execute("kill -9 " .. self.pid)
  t.wait_for("the server's end", function() return not t.lives(self.pid) end)
  self.pid = nil
end

---@param path string as "/ok/v1"
function Server:url(path)
  return ("%s://%s:%d%s"):format(self.scheme, self.host, self.port, path)
end

---What the server was asked: { requests, bodies, most_at_once, refused }.
function Server:stats()
  return json.decode(assert(http.get(self:url "/stats", { verify = false })).body)
end

---Lets so many requests through in all, and holds up those behind them; none any more without a number.
---@param n integer?
function Server:gate(n)
  assert(http.get(self:url("/gate/" .. (n or "inf")), { verify = false }))
end

---Ends all servers.
function M.stop()
  for _, server in ipairs(running) do server:kill() end
  running = {}
end

---A certificate for the names (comma-separated, as openssl's subjectAltName) and its key, signed by itself.
---@return string certificate
---@return string key
function M.certificate(names)
  local folder = t.scratch()
  local status, _, err = t.shell(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout %s/key " ..
    "-out %s/cert -addext subjectAltName=%s"):format(folder, folder, names))
  assert(status == 0, err)
  return folder .. "/cert", folder .. "/key"
end


return M
