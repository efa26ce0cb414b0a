-- Times whole commands: wall clock and processor time, several runs in turn, medians.
local M = {}

local function first_line(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "*l"
  pipe:close()
  return line
end

M.first_line = first_line

---Runs a command of the shell once.
---@param command string
---@return number? wall seconds; nil when the command failed
---@return number cpu seconds of user and system
function M.once(command)
  local text = ("bash -c 'TIMEFORMAT=\"%%3R %%3U %%3S\"; time { ( %s ) >/dev/null 2>&1; }; echo $?' 2>&1"):format(
    command:gsub("'", "'\\''"))
  local pipe = assert(io.popen(text))
  local out = pipe:read "*a"
  pipe:close()
  local wall, user, system, status = out:match "([%d.]+) ([%d.]+) ([%d.]+)%s+(%d+)%s*$"
  if status ~= "0" then return nil, 0 end
  return tonumber(wall), tonumber(user) + tonumber(system)
end

local function median(list)
  table.sort(list)
  return list[math.ceil(#list / 2)]
end

---@class bench.Contestant
---@field name string
---@field command string
---@field before string? what is run before each time, without being timed
---@field bytes number of input
---@field wall number? median seconds, once it has run
---@field cpu number? likewise of processors
---@field rate number? MB/s

---Runs the contestants in turn, so that a machine that becomes slow is slow for all.
---@param contestants bench.Contestant[]
---@param rounds integer
function M.race(contestants, rounds)
  local walls, cpus = {}, {}
  for round = 0, rounds do -- round 0 warms up
    for i, c in ipairs(contestants) do
      walls[i], cpus[i] = walls[i] or {}, cpus[i] or {}
      if not c.failed then
        if c.before then os.execute(c.before) end
        local wall, cpu = M.once(c.command)
        c.failed = wall == nil
        if round > 0 then
          table.insert(walls[i], wall)
          table.insert(cpus[i], cpu)
        end
      end
    end
  end
  for i, c in ipairs(contestants) do
    if not c.failed then
      c.wall, c.cpu = median(walls[i]), median(cpus[i])
      c.rate = c.bytes / c.wall / 1e6
    end
  end
end

return M
