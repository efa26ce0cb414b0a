-- What the machine allows this process: memory, files, processors, as /proc and the control group tell.
local read = require("dm.disk").read

local M = {}

---The first of these files that there is.
local function read_first(...)
  for i = 1, select("#", ...) do
    local text = read((select(i, ...)))
    if text then return text end
  end
end

---@return string
function M.kernel()
  return (read "/proc/sys/kernel/osrelease" or "unknown"):match "%S+"
end

---A limit of the process, soft and hard, as /proc/self/limits spells them: "Max open files".
---@param name string
---@return string soft a number or "unlimited"
---@return string hard
function M.of(name)
  local soft, hard = (read "/proc/self/limits" or ""):match(name .. "%s+(%S+)%s+(%S+)")
  return soft or "unknown", hard or "unknown"
end

---The folder of the control group that bounds something; version 2 has one for all.
local function group(controller)
  local text = read "/proc/self/cgroup" or ""
  local path = text:match("%d+:[%w,]*%f[%w]" .. controller .. "%f[%W][%w,]*:([^\n]*)")
  if path then return "/sys/fs/cgroup/" .. controller, path end
  return "/sys/fs/cgroup", text:match "0::([^\n]*)" or ""
end

---Bytes of memory: of the machine, free, and what the control group allows (nil: no less than all).
---@return { total: number, free: number, group: number? }
function M.memory()
  local text = read "/proc/meminfo" or ""
  local function kilobytes(name) return (tonumber(text:match(name .. ":%s+(%d+)")) or math.huge) * 1024 end
  local root, path = group "memory"
  local bound = read_first(root .. path .. "/memory.max", root .. path .. "/memory.limit_in_bytes",
    root .. "/memory.max", root .. "/memory.limit_in_bytes")
  local total, allowed = kilobytes "MemTotal", tonumber(bound or "")
  return { total = total, free = kilobytes "MemAvailable", group = allowed and allowed < total and allowed or nil }
end

---How many processors' time the control group allows; nil when it does not say.
---@return number?
function M.cpu_quota()
  local root, path = group "cpu"
  local quota, period = (read_first(root .. path .. "/cpu.max", root .. "/cpu.max") or ""):match "^(%d+) (%d+)"
  if not quota then
    quota = read_first(root .. path .. "/cpu.cfs_quota_us", root .. "/cpu.cfs_quota_us")
    period = read_first(root .. path .. "/cpu.cfs_period_us", root .. "/cpu.cfs_period_us")
  end
  quota, period = tonumber(quota), tonumber(period)
  return quota and period and quota > 0 and quota / period or nil
end

---How many folders may be watched for changes, which `dmhost dev` does.
---@return string?
function M.watches()
  local n = read "/proc/sys/fs/inotify/max_user_watches"
  return n and n:match "%d+"
end

return M
