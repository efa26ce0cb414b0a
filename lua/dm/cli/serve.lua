-- dmhost serve: the HTTP service of DataMate's python-executor.
local ffi = require "ffi"
local options = require "dm.cli.options"
local problem = require "dm.problem"

local C = ffi.C

local M = {
  summary = "run DataMate's tasks over HTTP",
  usage = "dmhost serve [--flow DIR] [--ip IP] [--port N] [--tasks N] [-j WORKERS] [--journal FILE]",
  most = 0,
  options = {
    { "flow", value = "DIR", doc = "where a task's folder is: DIR/ID/process.yaml (default /flow)" },
    { "ip", value = "IP", doc = "address to listen on (default 127.0.0.1); others need a token" },
    { "port", value = "N", doc = "port to listen on, 0 for any (default 8081)" },
    { "tasks", value = "N", doc = "tasks that run at once (default 5)" },
    { "workers", short = "j", value = "N", doc = "workers of a task (default: as many as there are processors)" },
    { "journal", value = "FILE", doc = "where tasks are remembered (default DIR/dmhost-tasks.sqlite)" },
  },
  notes = [[
With DMHOST_TOKEN in the environment every request needs "Authorization: Bearer TOKEN", but for /healthz.
SIGTERM ends the service; tasks that run are stopped, and go on when it is started again.
]],
}

-- Limits on clients: connections, bytes, and how long a request and its answer may take.
local MAX_CONNECTIONS, MAX_HEAD, MAX_BODY, MAX_MS = 256, 16 * 1024, 1024 * 1024, 20000
-- How many tasks that have ended are remembered.
local KEEP_FINISHED = 10000

local function token_of(ip)
  local token = os.getenv "DMHOST_TOKEN"
  if token == "" then token = nil end
  if not token and not (ip:find "^127%." or ip == "::1") then
    problem.raise(("to listen on %s, where others may come from, a token is needed"):format(ip),
      { next = "put a secret into the environment variable DMHOST_TOKEN, or listen on 127.0.0.1" })
  end
  return token
end

---Tells on stderr when the journal can not be written, and when it can again.
local function tell_trouble()
  local trouble
  return function(why)
    if why ~= trouble then io.stderr:write("dmhost: ", why or "the journal of tasks can be written again", "\n") end
    trouble = why
  end, function() return trouble end
end

---Listens until a signal comes.
---@return integer signal
local function listen(wait)
  local signal
  function wait.on_signal(number)
    if signal then C.dm_loop_die(number) end
    signal = number
  end
  C.dm_loop_catch(1)
  while not signal do wait.step(1000) end
  return signal
end

---@param values table
---@return integer exit status
function M.run(values)
  local ip, port = values.ip or "127.0.0.1", options.whole("serve", values, "port", 0) or 8081
  local token = token_of(ip)
  local flow = values.flow or "/flow"
  local scheduler = require("dm.scheduler").TaskScheduler {
    max_concurrent = options.whole("serve", values, "tasks", 1) or 5,
    keep_finished = KEEP_FINISHED,
    journal = values.journal or flow .. "/dmhost-tasks.sqlite",
  }
  local healthy
  scheduler.on_trouble, healthy = tell_trouble()
  local api = require("dm.serve.api").new(flow, scheduler, options.whole("serve", values, "workers", 0))
  require("dm.serve.settler").new(scheduler, function(id) return api:process_path(id) end)
  local service = require("dm.serve.service").new {
    api = api,
    metrics = require("dm.serve.metrics").new(scheduler),
    token = token,
    trouble = healthy,
  }
  local got = require("dm.serve.http").start({ ip = ip, port = port, max_connections = MAX_CONNECTIONS,
    max_head = MAX_HEAD, max_body = MAX_BODY, max_ms = MAX_MS }, function(request) return service:handle(request) end)
  io.stderr:write(("dmhost: serving http://%s:%d\n"):format(ip:find ":" and "[" .. ip .. "]" or ip, got))
  listen(require "dm.wait")
  C.dm_serve_stop()
  require("dm.scheduler").suspend()
  return 0
end

return M
