-- Finalizers run when the collector does: in another operator's row, or inside of compiled code, where an error would
-- end the process (LuaJIT before 2024). What one raises is told and goes no further. Loaded once, by boot.lua.
local ffi = require "ffi"
local raised = require "dm.raised"

local gc, metatype, newproxy = ffi.gc, ffi.metatype, newproxy
local told = false

local function tell(e)
  if told then return end
  told = true
  local text = raised.text(e):gsub("%c", " ")
  io.stderr:write("dmhost: a finalizer (ffi.gc, __gc) raises, which is told once: ", text, "\n")
end

-- Guarded finalizers by what they guard, as many as are kept: functions that are made for every row do not compile.
local MOST = 100
local guards, count = {}, 0

local function make(f)
  local function finalize(object)
    local ok, e = pcall(f, object)
    if not ok then tell(e) end
  end
  if count == MOST then guards, count = {}, 0 end
  guards[f], count = finalize, count + 1
  return finalize
end

---@param f any what may be a function in Lua
---@return any
local function guard(f)
  if type(f) ~= "function" then return f end
  return guards[f] or make(f)
end

function ffi.gc(object, finalizer) -- luacheck: ignore 122
  return gc(object, guard(finalizer))
end

function ffi.metatype(ct, metatable) -- luacheck: ignore 122
  if type(metatable) == "table" then metatable.__gc = guard(metatable.__gc) end
  return metatype(ct, metatable)
end

local Guarding = {
  __newindex = function(metatable, key, value)
    rawset(metatable, key, key == "__gc" and guard(value) or value)
  end,
}

function _G.newproxy(like) -- luacheck: ignore 122
  local proxy = newproxy(like)
  if like == true then setmetatable(getmetatable(proxy), Guarding) end
  return proxy
end
