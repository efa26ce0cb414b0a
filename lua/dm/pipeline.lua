-- The pipeline file: its keys, their checks, and the operators that it names.
local base_op = require "dm.base_op"
local files = require "dm.files"
local mixture = require "dm.mixture"
local overrides = require "dm.pipeline.overrides"
local problem = require "dm.problem"
local recipe = require "dm.recipe"
local registry = require "dm.registry"
local resources = require "dm.resources"
local sorted_keys = require "dm.sorted_keys"
local sources = require "dm.sources"
local suggest = require "dm.suggest"
local units = require "dm.units"

local C = require("ffi").C
local M = {}

---@class dm.Pipeline
---@field input string|string[]|dm.Files|dm.Mixture glob, directory, file or "-"; or what dm.files or dm.mix returns
---@field suffixes string[]? of the files that are read from input folders, instead of our own
---@field output string directory ("clean/"), file, "clean/{file}" or "-"
---@field operators table[] { "name", key = value } or what dm.map, dm.filter, dm.slice return
---@field on_error "reject"|"fail"
---@field max_rejects integer rows that may be rejected before the exit status is 3
---@field limits table init_time, row_time, memory, row_size, depth
---@field given_limits table as they are written
---@field memory_set boolean? limits.memory is what --set gives
---@field split_size number bytes of input in a unit of work
---@field split_size_given boolean
---@field shard_size number bytes of a file in an output directory
---@field engine string|table? what starts workers on other nodes: "slurm", or { "slurm", workers = 8, cpus = 4 }
---@field workers integer? worker processes, where -j does not say
---@field resources dm.Resources what a worker needs; once the operators are made
---@field file string path of the pipeline file
---@field task dm.DataMateTask? of a task of DataMate
local Pipeline = {}
Pipeline.__index = Pipeline

local DEFAULTS = {
  on_error = "reject",
  max_rejects = 0,
  shard_size = "1GiB",
}
-- The least split where none is given, and more where many rows wait at once: so many bytes for each of them. Nothing
-- more begins while the last replies of a split are waited for.
local SPLIT_SIZE, WAITING_SIZE, MOST_WAITING = "8MiB", 32 * 1024, 16384
M.LIMITS = { init_time = "10min", row_time = "30s", memory = "2GiB", row_size = "32MiB", depth = 512 }
local KEYS = {
  "input", "output", "operators", "on_error", "max_rejects", "limits", "split_size", "shard_size", "workers", "engine",
  "suffixes",
}
local LIMIT_KEYS = { "depth", "init_time", "memory", "row_size", "row_time" }

local function known(list, name)
  for _, k in ipairs(list) do
    if k == name then return true end
  end
end

-- The pipeline file that is being evaluated. `return dm.pipeline {` is a tail call, of which Lua does not know
-- where it came from.
local loading = "?"

---Raises an error about an entry of the pipeline's table, with its place in the file.
---@param p dm.Pipeline
---@param entry (string|integer)[] where in the table
---@param what string
---@param more { value: boolean?, next: string? }?
local function wrong(p, entry, what, more)
  more = more or {}
  problem.raise(what, { at = problem.place_of_entry(p.file, entry, more.value), next = more.next })
end

local SEE = "`dmhost help pipelines` describes the keys"

local function check_keys(p, given, list, what, entry)
  for _, k in ipairs(sorted_keys(given)) do
    local path = { unpack(entry) }
    path[#path + 1] = k
    if type(k) == "number" then
      wrong(p, path, ("%s takes `key = value` only; value %d has no key"):format(what, k), { next = SEE })
    elseif not known(list, k) then
      wrong(p, path, ('%s has no key "%s"%s'):format(what, tostring(k), suggest.hint(tostring(k), list)),
        { next = SEE })
    end
  end
end

local function show(v)
  return type(v) == "string" and ("%q"):format(v) or type(v) == "number" and tostring(v) or "a " .. type(v)
end

-- Of bytes, milliseconds and levels: whole numbers up to it are exact.
local MOST = 2 ^ 53

---A size or time of the pipeline, converted.
local function sized(p, entry, v, convert, example)
  local n = (type(v) == "string" or type(v) == "number") and convert(v)
  if n and n > 0 and n <= MOST then return n end
  wrong(p, entry, ("%s can not be %s"):format(table.concat(entry, "."), show(v)), { value = true, next = example })
end

local function whole(v)
  local n = tonumber(v)
  return n and n % 1 == 0 and n or nil
end

local SIZE_EXAMPLE = 'a size is a number of bytes, or text such as "64KiB" or "1.5GB"'
local TIME_EXAMPLE = 'a time is a number of seconds, or text such as "500ms", "30s" or "2min"'

local function check_limits(p, given)
  if type(given) ~= "table" then
    wrong(p, { "limits" }, ("limits must be a table, not %s"):format(show(given)), { value = true, next =
      'for example limits = { row_time = "1min", memory = "4GiB" }' })
  end
  check_keys(p, given, LIMIT_KEYS, "limits", { "limits" })
  local function value(name, convert, example)
    local v = given[name]
    return sized(p, { "limits", name }, v == nil and M.LIMITS[name] or v, convert, example)
  end
  local limits = {
    init_time = value("init_time", units.milliseconds, TIME_EXAMPLE),
    row_time = value("row_time", units.milliseconds, TIME_EXAMPLE),
    memory = value("memory", units.bytes, SIZE_EXAMPLE),
    row_size = value("row_size", units.bytes, SIZE_EXAMPLE),
    depth = value("depth", whole, "the depth is a whole number of levels"),
  }
  if limits.memory < 3 * limits.row_size then -- its buffer while that grows, and what is made of it
    wrong(p, { "limits", given.memory == nil and "row_size" or "memory" },
      ("limits.memory, %s, must be at least three times limits.row_size, %s"):format(given.memory or M.LIMITS.memory,
      given.row_size or M.LIMITS.row_size), { value = true, next = "raise limits.memory, or lower limits.row_size" })
  end
  return limits
end

local function is_list_of_strings(v)
  if type(v) ~= "table" or #v == 0 then return false end
  for k, item in pairs(v) do
    if type(k) ~= "number" or type(item) ~= "string" then return false end
  end
  return true
end

local function check_paths(p)
  local named = p.input == nil or type(p.input) == "string" or files.is(p.input) or mixture.is(p.input)
    or is_list_of_strings(p.input)
  if not named then
    wrong(p, { "input" }, ("input must be a path or a list of paths, not %s"):format(show(p.input)),
      { value = true, next = 'for example input = "data/*.jsonl" or input = { "a.jsonl", "b/" }' })
  end
  if p.output ~= nil and type(p.output) ~= "string" then
    wrong(p, { "output" }, ("output must be a path, not %s"):format(show(p.output)),
      { value = true, next = 'for example output = "clean.jsonl", or "clean/" for a folder, or "-"' })
  end
  if p.suffixes ~= nil and not is_list_of_strings(p.suffixes) then
    wrong(p, { "suffixes" }, ("suffixes must be a list of endings, not %s"):format(show(p.suffixes)),
      { value = true, next = 'for example suffixes = { ".jsonl", ".jsonl.zst" }' })
  end
end

local LIST_EXAMPLE = 'for example operators = { { "text_length_filter", min_len = 100 }, dm.map(f) }'

---Operators are a list without holes: what is written behind a nil would silently be left out.
local function check_operators(p)
  local list = p.operators
  if list == nil then
    wrong(p, {}, "the pipeline has no operators", { next = "operators = {} copies the input; " .. LIST_EXAMPLE })
  end
  if type(list) ~= "table" then
    wrong(p, { "operators" }, ("operators must be a list, not %s"):format(show(list)),
      { value = true, next = LIST_EXAMPLE })
  end
  local count, last = 0, 0
  for _, k in ipairs(sorted_keys(list)) do
    if type(k) ~= "number" then
      wrong(p, { "operators", k }, ('operators is a list, but "%s" is written as a key'):format(tostring(k)),
        { next = LIST_EXAMPLE })
    end
    count, last = count + 1, math.max(last, k)
  end
  for i = 1, count < last and last or 0 do
    if list[i] == nil then
      wrong(p, { "operators", i }, ("operator %d is nil; those behind it would be lost"):format(i),
        { next = "is it a variable or a function of dm that does not exist?" })
    end
  end
end

local function check_policy(p)
  if p.on_error ~= "reject" and p.on_error ~= "fail" then
    wrong(p, { "on_error" }, ('on_error must be "reject" or "fail", not %s'):format(show(p.on_error)), { value = true,
      next = '"reject" sets a row that fails aside and goes on, "fail" ends the run' })
  end
  local n = p.max_rejects
  if type(n) ~= "number" or n < 0 or n % 1 ~= 0 then
    wrong(p, { "max_rejects" }, ("max_rejects must be a whole number, not %s"):format(show(n)), { value = true,
      next = "it is how many rows may be rejected before the exit status is 3" })
  end
end

local function check_workers(p)
  local n = p.workers
  if n ~= nil and (type(n) ~= "number" or n < 0 or n % 1 ~= 0) then
    wrong(p, { "workers" }, ("workers must be a whole number, not %s"):format(show(n)), { value = true,
      next = "it is how many worker processes run; without it, one for each core" })
  end
end

---Makes a pipeline of its description; unknown keys and wrong values raise.
---@param given table
---@return dm.Pipeline
function M.new(given)
  local p = setmetatable({ file = loading }, Pipeline)
  if type(given) ~= "table" then
    problem.raise(("%s: dm.pipeline takes a table, not %s"):format(loading, show(given)),
      { next = "return dm.pipeline { ... }" })
  end
  check_keys(p, given, KEYS, "the pipeline", {})
  for _, k in ipairs(KEYS) do
    p[k] = given[k]
    if p[k] == nil then p[k] = DEFAULTS[k] end
  end
  check_paths(p)
  check_operators(p)
  check_policy(p)
  check_workers(p)
  p.limits = check_limits(p, given.limits == nil and {} or given.limits)
  p.limits.row_time_given = given.limits ~= nil and given.limits.row_time ~= nil
  p.given_limits = given.limits or {}
  p.split_size_given = given.split_size ~= nil
  p.split_size = sized(p, { "split_size" }, given.split_size or SPLIT_SIZE, units.bytes, SIZE_EXAMPLE)
  p.shard_size = sized(p, { "shard_size" }, p.shard_size, units.bytes, SIZE_EXAMPLE)
  return p
end

---The class that an entry names, and the parameters that it gives.
---@return table class
---@return table given
local function read_entry(p, entry, i)
  local name = entry[1]
  if type(name) ~= "string" then
    wrong(p, { "operators", i }, ("operator %d has no name"):format(i), { next = LIST_EXAMPLE })
  end
  local class, why, next_step = registry.get(name)
  if not class then wrong(p, { "operators", i, 1 }, why, { next = next_step }) end
  local given = {}
  for k, v in pairs(entry) do
    if type(k) == "number" and k > 1 then
      wrong(p, { "operators", i, k }, ("%s takes `key = value` only; value %d has no key"):format(name, k),
        { next = ("`dmhost ops %s` shows its parameters"):format(name) })
    end
    if k ~= 1 then given[k] = v end
  end
  return class, given
end

---What went wrong when an operator was made: whose it is, and where in the pipeline.
local function place(p, e, i, name, overridden)
  if not e.parameter then
    if not e.at or e.unsaid then
      e.at = problem.place_of_entry(p.file, { "operators", i }) or e.at
      e.next = e.next or ("`dmhost ops %s` shows its parameters"):format(name)
    end
    e.what = ('operator %d, "%s", can not be made: %s'):format(i, name, e.what)
    return e
  end
  e.next = e.next or ("`dmhost ops %s` shows its parameters"):format(name)
  if overridden[e.parameter] ~= nil then
    e.what = "--set: " .. e.what
  else
    e.at = problem.place_of_entry(p.file, { "operators", i, e.parameter }, e.value)
  end
  return e
end

---@param p dm.Pipeline
---@param entry any an item of `operators`
---@param i integer its place
---@param make (fun(class: table, given: table): dm.BaseOp?, dm.Problem?)? see BaseOp.make
---@param set table<string, table<string, any>> parameters that --set gives
local function make_operator(p, entry, i, set, make)
  if type(entry) == "string" then entry = { entry } end
  if type(entry) ~= "table" then
    wrong(p, { "operators", i }, ("operator %d must be a table or a name, not a %s"):format(i, type(entry)),
      { next = type(entry) == "function" and "dm.map(f), dm.filter(f) or dm.slice(f) makes an operator of it"
        or LIST_EXAMPLE })
  end
  if getmetatable(entry) and entry.execute then return entry end
  local class, given = read_entry(p, entry, i)
  local overridden = set[class.name] or set[entry[1]] or {}
  for k, v in pairs(overridden) do given[k] = v end
  C.dm_making_begin(i - 1, p.limits.init_time, class.name)
  local ok, op, why = xpcall(make or class.make, problem.catch, class, given)
  C.dm_making_end()
  if ok and op then return op end
  -- no handler is called when memory is short
  error(place(p, ok and why or problem.of(op), i, entry[1], overridden), 0)
end

---Replaces limits by those that --set gives.
---@param p dm.Pipeline
---@param settings table<string, any>
function M.set_limits(p, settings)
  local given = {}
  for name, v in pairs(p.given_limits) do given[name] = v end
  for name, v in pairs(settings) do given[name] = v end
  local ok, e = xpcall(check_limits, problem.catch, p, given)
  if not ok then problem.raise("--set: " .. e.what, { next = e.next }) end
  e.row_time_given = given.row_time ~= nil
  p.limits, p.given_limits, p.memory_set = e, given, settings.memory ~= nil
end

---What operators say that they need is no less than a worker may take.
---@param p dm.Pipeline
function M.fit_memory(p)
  local limits, needed = p.limits, p.resources.memory
  if needed <= limits.memory then return end
  if p.given_limits.memory ~= nil then
    local what = ("limits.memory, %s, is less than the %s that the operators' resources add up to"):format(
      p.given_limits.memory, units.show_bytes(needed))
    local next_step = "raise it, or lower those"
    if p.memory_set then problem.raise("--set: " .. what, { next = next_step }) end
    wrong(p, { "limits", "memory" }, what, { value = true, next = next_step })
  end
  limits.memory = needed
end

---Splits hold many times what waits at once, unless the pipeline says how large they are.
local function fit_splits(p, ops)
  if p.split_size_given then return end
  for _, op in ipairs(ops) do
    local waiting = op.waits and math.min(op.max_in_flight or 0, MOST_WAITING) or 0
    p.split_size = math.max(p.split_size, waiting * WAITING_SIZE)
  end
end

---Makes the operators. Raises a message for a person when one is unknown or its parameters are wrong.
---@param settings string[] from --set
---@param make (fun(class: table, given: table): dm.BaseOp?, dm.Problem?)? makes one, instead of BaseOp.make
function Pipeline:make_operators(settings, make)
  local given, ops, used = overrides.parse(settings), {}, {}
  if given.limits then M.set_limits(self, given.limits) end
  for i, entry in ipairs(self.operators) do
    ops[i] = make_operator(self, entry, i, given, make)
    if ops[i].waits then ops[i].row_ms = self.limits.row_time end
    used[ops[i].name] = true
  end
  overrides.check(given, used)
  self.resources = resources.sum(ops)
  M.fit_memory(self)
  fit_splits(self, ops)
  return ops
end

---What makes a pipeline of a file: its Lua, compiled, or what stands for it when it is YAML.
---@param path string
---@param lenient boolean? see dm.recipe.chunk
---@return (fun(path: string): any)? chunk
---@return string? message
function M.chunk(path, lenient)
  if recipe.is(path) then return recipe.chunk(path, lenient) end
  return sources.load(path)
end

local function read_chunk(path)
  local text, why = sources.read(path)
  if not text then
    local near = sources.similar(path)
    problem.raise("cannot read the pipeline " .. why, { next = near and ("did you mean %s?"):format(near) or
      "a pipeline is a Lua file: dmhost run PIPELINE.lua, or -e 'return dm.pipeline{ ... }'" })
  end
  local chunk, message = M.chunk(path)
  if chunk then return chunk end
  local p = problem.of(message)
  if path ~= "(-e)" and not path:find "%.lua$" then
    p.next = "the pipeline, a Lua file, comes first; input is given with -i"
  end
  error(p, 0)
end

---Text given with -e does without `local dm = require "dm"`, so that its lines and columns are those that were typed.
local function give_dm(chunk)
  return setfenv(chunk, setmetatable({ dm = require "dm" }, { __index = _G, __newindex = _G }))
end

---Evaluates a pipeline file (or text given with -e).
---@param path string
---@return dm.Pipeline
function M.load(path)
  local p = M.check(path, M.evaluate(path))
  p.task = recipe.task(path)
  return p
end

---What a file returns that may be a pipeline.
---@param path string
---@return any
function M.evaluate(path)
  local chunk = read_chunk(path)
  if path == "(-e)" then give_dm(chunk) end
  loading = path
  return chunk(path)
end

---What a pipeline file returned, if it is a pipeline; raises if not.
---@param path string
---@param p any
---@return dm.Pipeline
function M.check(path, p)
  if getmetatable(p) ~= Pipeline then
    problem.raise(("%s returns %s, not a pipeline"):format(path, p == nil and "nothing" or "a " .. type(p)),
      { next = "the file ends with `return dm.pipeline { ... }`" })
  end
  return p
end

local function inline(parent, name, fn)
  if type(fn) ~= "function" then error(("dm.%s takes a function, not a %s"):format(name, type(fn)), 3) end
  local info = debug.getinfo(fn, "S")
  local class = parent:extend {
    name = ("%s@%s:%d"):format(name, info.short_src:match "[^/]*$", info.linedefined),
    summary = "a function of the pipeline file",
  }
  function class:execute(sample) return fn(sample) end -- luacheck: ignore 212/self
  return class {}
end

---An operator of a function that edits the sample, or returns another.
---@param fn fun(sample: dm.Sample): any
function M.map(fn) return inline(base_op.Mapper, "map", fn) end

---An operator of a function that answers whether to keep the sample.
---@param fn fun(sample: dm.Sample): any, string?
function M.filter(fn) return inline(base_op.Filter, "filter", fn) end

---An operator of a function that returns a list of samples.
---@param fn fun(sample: dm.Sample): dm.Sample[]
function M.slice(fn) return inline(base_op.Slicer, "slice", fn) end

return M
