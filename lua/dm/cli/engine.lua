-- What starts the workers of a run on other nodes, and what each of them gets: from --engine and the options beside it,
-- or from the pipeline's `engine`.
local ffi = require "ffi"
local options = require "dm.cli.options"
local problem = require "dm.problem"
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"
local units = require "dm.units"

local C = ffi.C
local M = {}
local err = ffi.new "struct dm_error"

local OPTIONS = { "slots", "cpus", "gpus", "memory", "listen", "lost-after" }
local KEYS = { "workers", "slots", "cpus", "gpus", "memory", "listen", "lost_after" }
local SEE = "`dmhost help clusters` describes engines"

local function wrong(p, entry, what, next_step)
  problem.raise(what, { at = problem.place_of_entry(p.file, entry, true), next = next_step or SEE })
end

---The engine's name, and its address: "ray=http://head:8265".
local function split(text)
  local name, address = text:match "^([^=]*)=(.*)$"
  return name or text, address or ""
end

local function known_options(name)
  local list = C.dm_engine_options(name)
  return list ~= nil and ffi.string(list) or nil
end

local function engine_names()
  local names = {}
  for name in ffi.string(C.dm_engine_names()):gmatch "[^, ]+" do names[#names + 1] = name end
  return names
end

---The pipeline's `engine` as a table; { "slurm" } for "slurm".
local function described(p)
  local given = p.engine
  if given == nil then return {} end
  if type(given) == "string" then return { given } end
  if type(given) ~= "table" or type(given[1]) ~= "string" then
    wrong(p, { "engine" }, "engine must be a name or a table that begins with one",
      'for example engine = { "slurm", workers = 8, cpus = 4 }')
  end
  return given
end

---One line KEY=VALUE; of a list one for each element.
local function add_option(p, lines, key, value)
  if type(value) == "table" then
    for _, element in ipairs(value) do add_option(p, lines, key, tostring(element)) end
    return
  end
  value = tostring(value)
  if value:find "\n" then wrong(p, { "engine", key }, ("engine.%s holds a line break"):format(key)) end
  lines[#lines + 1] = key .. "=" .. value
end

---Keys that only the engine itself understands, as lines.
local function own_options(p, given, name)
  local lines, known = {}, { unpack(KEYS) }
  for key in known_options(name):gmatch "%S+" do known[#known + 1] = key end
  local is_known = {}
  for _, key in ipairs(known) do is_known[key] = true end
  for _, key in ipairs(sorted_keys(given)) do
    if key ~= 1 and not is_known[key] then
      wrong(p, { "engine", key }, ('the engine %s has no key "%s"%s'):format(name, tostring(key),
        suggest.hint(tostring(key), known)))
    end
    if key ~= 1 then add_option(p, lines, key, given[key]) end
  end
  return table.concat(lines, "\n")
end

---A value from the command line, or else from the pipeline.
local function pick(values, given, option)
  local key = option:gsub("-", "_")
  if values[option] ~= nil then return values[option], "--" .. option end
  return given[key], "engine." .. key, { "engine", key }
end

local function whole(p, values, given, option, least, default)
  local v, name, entry = pick(values, given, option)
  if v == nil then return default end
  local n = tonumber(v)
  if n and n >= least and n % 1 == 0 then return n end
  local what = ('%s takes a whole number of at least %d, not "%s"'):format(name, least, tostring(v))
  if entry then wrong(p, entry, what) end
  problem.raise(what, { next = options.see "run" })
end

local function sized(p, values, given, option, convert, default, example)
  local v, name, entry = pick(values, given, option)
  if v == nil then return default end
  local n = (type(v) == "string" or type(v) == "number") and convert(v)
  if n and n > 0 then return n end
  local what = ('%s can not be "%s"'):format(name, tostring(v))
  if entry then wrong(p, entry, what, example) end
  problem.raise(what, { next = example })
end

local function check_alone(values)
  for _, option in ipairs(OPTIONS) do
    if values[option] ~= nil then
      problem.raise(("--%s is for workers that an engine starts"):format(option),
        { next = "name it with --engine; " .. SEE })
    end
  end
end

local function find(p, values, given)
  local name, address = split(values.engine or given[1])
  if known_options(name) then return name, address end
  local what = ('there is no engine "%s"%s'):format(name, suggest.hint(name, engine_names()))
  local next_step = "the engines are local, " .. table.concat(engine_names(), ", ")
  if not values.engine then wrong(p, { "engine" }, what, next_step) end
  problem.raise(what, { next = next_step })
end

---What the engine gives a worker is what that may take: the engine would end the whole worker host, not the worker.
local function set_memory(job, p, values, given)
  local least = math.max(3 * p.limits.row_size, p.given_limits.memory and p.limits.memory or 0)
  local needed = p.resources.memory > 0 and math.max(p.resources.memory, least) or 0
  local memory = sized(p, values, given, "memory", units.bytes, needed, 'a size is for example "8G"')
  job.memory = memory
  if memory == 0 or memory >= p.limits.memory then return end
  if memory < least then
    local _, name, entry = pick(values, given, "memory")
    local what = ("%s, %s, is less than the %s that %s"):format(name, units.show_bytes(memory), units.show_bytes(least),
      p.given_limits.memory and "limits.memory allows a worker" or "a worker needs: three times limits.row_size")
    local next_step = "raise it, or lower the limit"
    if entry then wrong(p, entry, what, next_step) end
    problem.raise(what, { next = next_step })
  end
  job.settings.memory_bytes = memory
end

---Enters into the job what starts its workers. Raises a problem when that is not well described.
---@param job ffi.cdata* struct dm_job *
---@param p dm.Pipeline
---@param values table options of the command line
---@param keep fun(text: string): string keeps a text for C
---@return boolean set false: workers run here
function M.set(job, p, values, keep)
  local given = described(p)
  if (values.engine or given[1] or "local") == "local" then
    check_alone(values)
    return false
  end
  local name, address = find(p, values, given)
  job.engine = keep(name)
  job.engine_address = keep(address)
  job.engine_options = keep(own_options(p, given[1] and split(given[1]) == name and given or {}, name))
  job.workers = whole(p, values, given, "workers", 1, p.workers) or problem.raise(
    "how many workers the engine is to start is not given", { next = "for example --workers 8" })
  job.slots = math.min(whole(p, values, given, "slots", 1, 1), tonumber(job.workers))
  job.cpus = whole(p, values, given, "cpus", 1, p.resources.cpus)
  job.gpus = whole(p, values, given, "gpus", 0, p.resources.gpus)
  set_memory(job, p, values, given)
  job.silence_ms = sized(p, values, given, "lost-after", units.milliseconds, 5000, 'a time is for example "5s"')
  local listen = pick(values, given, "listen")
  job.listen = listen and keep(tostring(listen)) or nil
  local status = C.dm_engine_check(name, address, job.listen, err)
  if status < 0 then error(problem.of_c(status, ffi.string(err.text)), 0) end
  return true
end

return M
