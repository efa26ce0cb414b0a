-- dmhost cache: what the file of models' replies holds, and emptying it.
local cache = require "dm.llm.cache"
local ffi = require "ffi"
local problem = require "dm.problem"
local suggest = require "dm.suggest"
local units = require "dm.units"

local C = ffi.C

local M = {
  summary = "show or empty the cache of models' replies",
  usage = "dmhost cache stats|clear [FILE]",
  most = 2,
  options = {},
  notes = [[
FILE is $XDG_CACHE_HOME/dmhost/llm.sqlite (~/.cache/dmhost/llm.sqlite) when it is not given.
]],
}

local err = ffi.new "struct dm_error"

local function check(status)
  if status < 0 then error(problem.of_c(status, ffi.string(err.text)), 0) end
end

local function day(seconds)
  return os.date("%Y-%m-%d %H:%M", tonumber(seconds))
end

local ACTIONS = {}

function ACTIONS.stats(path)
  local s = ffi.new "struct dm_replies_stats"
  check(C.dm_replies_measure(path, s, err))
  io.write(("%s\n  replies  %d\n  size     %s\n"):format(path, tonumber(s.replies),
    units.show_bytes(tonumber(s.bytes))))
  if s.replies > 0 then io.write(("  oldest   %s\n  newest   %s\n"):format(day(s.first), day(s.last))) end
end

function ACTIONS.clear(path)
  check(C.dm_replies_clear(path, err))
  io.write(path, " is empty\n")
end

---Whether a file is there.
local function is_there(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

---@param values string[]
---@return integer exit status
function M.run(values)
  local action = ACTIONS[values[1]]
  if not action then
    problem.raise(values[1] and ('"%s" is not stats or clear%s'):format(values[1],
      suggest.hint(values[1], { "stats", "clear" })) or "what to do is not said", { next = M.usage })
  end
  local path = values[2] or cache.path()
  if not path then problem.raise("there is no home directory", { next = "name the file: " .. M.usage }) end
  if not is_there(path) and not values[2] then
    io.write(path, " does not exist: no reply has been kept\n")
    return 0
  end
  action(path)
  return 0
end

return M
