-- The doors of a worker: setup makes the operators, run pulls the rows of a split through them.
local ffi = require "ffi"
local chain = require "dm.run.chain"
local handed = require "dm.handed"
local json = require "dm.json"
local pass_module = require "dm.run.pass"
local pipeline = require "dm.pipeline"
local registry = require "dm.registry"
local sources = require "dm.sources"

local C = ffi.C
local M = {}

local ops, step, finish, crowded, forget_seed, recorder

-- Recording of traces for a few hundred operators does not fit LuaJIT's defaults.
jit.opt.start("maxtrace=8000", "maxmcode=16384", "maxrecord=16000")

---Makes the pipeline's operators from what the coordinator read, whatever has changed on disk since.
---@param pointer lightuserdata struct dm_settings *
---@return integer status
function M.setup(pointer)
  local settings = ffi.cast("struct dm_settings *", pointer)
  if settings.plan[0] == 0 then return 0 end -- a tracer, which gets its pipelines by request
  local plan = json.decode(ffi.string(settings.plan))
  if plan.calls then -- of dm.remote, which come with what they need
    sources.install()
    return 0
  end
  sources.restore(plan.sources)
  if settings.given ~= nil then sources.give(ffi.string(settings.given)) end
  sources.install()
  for _, folder in ipairs(plan.folders) do registry.add_folder(folder) end
  recorder = plan.profile and require("dm.profile.recorder").new(plan.profile)
  local p = pipeline.load(plan.pipeline)
  ops = pass_module.operators(p, p:make_operators(plan.settings), plan.pass)
  sources.close()
  return 0
end

---Random numbers depend on the row alone, so that output does not depend on who ran which rows before.
---@param rows ffi.cdata* struct dm_rows * or struct dm_trace *
---@return fun() forget to be called before a split: its first row may be the last one that was seen
function M.seed_by_row(rows)
  local random, seed = math.random, math.randomseed
  local seeded
  function math.random(...) -- luacheck: ignore 122
    local now = rows.seed
    if now ~= seeded then
      seed(now)
      seeded = now
    end
    return random(...)
  end
  return function() seeded = nil end
end

---@return integer status
local function run_rows(rows)
  while true do
    local n = C.dm_rows_fill(rows)
    if n < 0 then return n end
    if n == 0 then return finish() end
    local status = step(n)
    handed.recycle()
    if status < 0 then return status end
  end
end

-- Kilobytes of garbage that may lie about beyond what LuaJIT allows: as much as is in use.
local SPARE = 8 * 1024

---Has the collector begin its next round when the heap is twice as large as after the last one, or, as long as it is
---small, three times: most of what a small heap holds is code, which rounds go through for nothing.
---Where thousands of samples wait at once, garbage is not to take as much again as they do.
local function set_collector()
  collectgarbage("setpause", crowded and 120 or 200 + 100 * math.min(1, SPARE / collectgarbage "count"))
  if crowded then collectgarbage("setstepmul", 1000) end
end

---Runs the split at work.
---@param pointer lightuserdata struct dm_rows *
---@return integer status
function M.run(pointer)
  local rows = ffi.cast("struct dm_rows *", pointer)
  if not step then
    jit.opt.start "hotloop=56"
    forget_seed = M.seed_by_row(rows)
    step, finish, crowded = chain.compile(ops, rows)
  end
  forget_seed()
  set_collector()
  if recorder then recorder:start(rows) end
  local status = run_rows(rows)
  if recorder then recorder:stop() end
  return status == C.DM_ESPENT and require("dm.run.stage").settle(rows) or status
end

return M
