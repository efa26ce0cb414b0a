-- What the machine allows this process: memory, files, processors, as /proc and the control group tell.
local ffi = require "ffi"
local disk = require "dm.disk"

local M = {}

---Where /proc and /sys are found: "" but for tests.
M.root = ""

local function read(path) return (disk.read(M.root .. path)) end

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

---The folders of the control groups that bound something, ours and those around it; version 2 has one for all. A
---container often sees its own group as the root.
local function groups(controller)
  local text = read "/proc/self/cgroup" or ""
  local path = text:match("%d+:[%w,=_]*%f[%w]" .. controller .. "%f[^%w_][%w,]*:([^\n]*)")
  local root = path and "/sys/fs/cgroup/" .. controller or "/sys/fs/cgroup"
  path = (path or text:match "0::([^\n]*)" or ""):gsub("/+$", "")
  local list = {}
  while path:find "^/" do
    list[#list + 1] = root .. path
    path = path:gsub("/[^/]*$", "")
  end
  list[#list + 1] = root
  return list
end

---Bytes that a group's processes have and that can not be taken back: files that were read are no loss.
local function used(folder)
  local n = tonumber(read(folder .. "/memory.current") or read(folder .. "/memory.usage_in_bytes") or "") or 0
  local stat = read(folder .. "/memory.stat") or ""
  local files = stat:match "total_inactive_file (%d+)" or stat:match "inactive_file (%d+)"
  return math.max(0, n - (tonumber(files) or 0))
end

---Bytes of memory: of the machine, free, what the control groups allow (nil: no less than all), and what of it this
---process and others that it starts may still take.
---@return { total: number, free: number, group: number?, room: number }
function M.memory()
  local text = read "/proc/meminfo" or ""
  local function kilobytes(name) return (tonumber(text:match(name .. ":%s+(%d+)")) or math.huge) * 1024 end
  local total, free = kilobytes "MemTotal", kilobytes "MemAvailable"
  local group, room = nil, free
  for _, folder in ipairs(groups "memory") do
    local bound = tonumber(read(folder .. "/memory.max") or read(folder .. "/memory.limit_in_bytes") or "")
    if bound and bound < total then
      group, room = math.min(group or bound, bound), math.min(room, math.max(0, bound - used(folder)))
    end
  end
  return { total = total, free = free, group = group, room = room }
end

---How many processors' time the control groups allow; nil when they do not say.
---@return number?
function M.cpu_quota()
  local least
  for _, folder in ipairs(groups "cpu") do
    local quota, period = (read(folder .. "/cpu.max") or ""):match "^(%d+) (%d+)"
    if not quota then
      quota, period = read(folder .. "/cpu.cfs_quota_us"), read(folder .. "/cpu.cfs_period_us")
    end
    quota, period = tonumber(quota), tonumber(period)
    if quota and period and quota > 0 and period > 0 then least = math.min(least or math.huge, quota / period) end
  end
  return least
end

---How many processors this process may use: those that it may run on, and of whose time its control groups allow.
---@return integer
function M.processors()
  return math.max(1, math.min(ffi.C.dm_processors(), math.ceil(M.cpu_quota() or math.huge)))
end

---How many folders may be watched for changes, which `dmhost dev` does.
---@return string?
function M.watches()
  local n = read "/proc/sys/fs/inotify/max_user_watches"
  return n and n:match "%d+"
end

return M
