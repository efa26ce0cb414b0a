-- /metrics: what Prometheus reads.
local http = require "dm.serve.http"
local sorted_keys = require "dm.sorted_keys"

local M = {}

---@class dm.Metrics
---@field answers table<integer, integer> how many of each status
---@field scheduler dm.TaskScheduler
local Metrics = {}
Metrics.__index = Metrics

---@param scheduler dm.TaskScheduler
---@return dm.Metrics
function M.new(scheduler)
  return setmetatable({ answers = {}, scheduler = scheduler }, Metrics)
end

---Counts an answer.
---@param status integer
function Metrics:count(status)
  self.answers[status] = (self.answers[status] or 0) + 1
end

local function add(lines, name, kind, help, values)
  lines[#lines + 1] = ("# HELP %s %s"):format(name, help)
  lines[#lines + 1] = ("# TYPE %s %s"):format(name, kind)
  for _, v in ipairs(values) do lines[#lines + 1] = ("%s%s %d"):format(name, v[1], v[2]) end
end

local function by_label(label, counts, names)
  local values = {}
  for i, name in ipairs(names) do values[i] = { ('{%s="%s"}'):format(label, name), counts[name] } end
  return values
end

---@return string in Prometheus' text format
function Metrics:text()
  local lines, tasks, clients = {}, self.scheduler:get_statistics(), http.counts()
  add(lines, "dmhost_tasks", "gauge", "Tasks that wait or run.", by_label("status", tasks, { "pending", "running" }))
  add(lines, "dmhost_tasks_ended_total", "counter", "Tasks that have ended.",
    by_label("status", tasks, { "completed", "failed", "cancelled" }))
  add(lines, "dmhost_tasks_concurrent_max", "gauge", "Tasks that may run at once.", { { "", tasks.max_concurrent } })
  local codes = sorted_keys(self.answers)
  add(lines, "dmhost_http_answers_total", "counter", "Answers by HTTP status.", by_label("code", self.answers, codes))
  add(lines, "dmhost_http_connections", "gauge", "Open connections.", { { "", clients.connections } })
  add(lines, "dmhost_http_connections_total", "counter", "Connections that were accepted.",
    { { "", tonumber(clients.accepted) } })
  add(lines, "dmhost_http_too_slow_total", "counter", "Connections closed because they took too long.",
    { { "", tonumber(clients.too_slow) } })
  add(lines, "dmhost_http_too_large_total", "counter", "Requests refused for their size.",
    { { "", tonumber(clients.too_large) } })
  return table.concat(lines, "\n") .. "\n"
end

return M
