-- Runs first in every Lua state: makes the binary's own modules loadable and gives C's exports to FFI.
-- Called by host/lua/state.c with embedded(path) -> text, embedded_chunk(path) -> function, whether that has bytecode,
-- and embedded_paths() -> list.
local embedded, embedded_chunk, compiled, embedded_paths = ...
local ffi = require "ffi"

-- What is global to the binary's own modules, this one among them: an operator that sets `type` to nil, or to a
-- function of its own, takes it from user code only.
local own = {}
for name, value in pairs(_G) do own[name] = value end
setfenv(1, own)

ffi.cdef(embedded "host/lua/dm_ffi.h")
ffi.cdef(embedded "host/lua/dm_ffi_text.h")
ffi.cdef(embedded "host/lua/dm_ffi_bytes.h")
ffi.cdef(embedded "host/lua/dm_ffi_trace.h")
ffi.cdef(embedded "host/lua/dm_ffi_net.h")
ffi.cdef(embedded "host/lua/dm_ffi_coprocess.h")
ffi.cdef(embedded "host/lua/dm_ffi_task.h")
ffi.cdef(embedded "host/lua/dm_ffi_serve.h")
ffi.cdef(embedded "host/lua/dm_ffi_export.h")
ffi.cdef(embedded "host/lua/dm_ffi_database.h")
ffi.cdef(embedded "host/lua/dm_ffi_twins.h")
assert(ffi.C.dm_abi() == 1, "lua/dm/boot.lua and the binary are of different builds")

-- A start has few loops worth compiling. Where rows are met, dm.run.worker sets LuaJIT's own threshold.
jit.opt.start "hotloop=2000"

-- Loops over `next` itself have an instruction of their own, which ends them early once the compiler of
-- Debian's LuaJIT has given up on them (LuaJIT#827): fields would get lost. With a function in Lua they are
-- ordinary loops.
local native_next, native_pairs = next, pairs

local function step(t, k)
  return native_next(t, k)
end

local function iterate(t)
  local kind = type(t)
  if kind ~= "table" and kind ~= "cdata" and kind ~= "userdata" then
    error("bad argument #1 to 'pairs' (table expected, got " .. kind .. ")", 2)
  end
  local f, state, first = native_pairs(t)
  if f == native_next then f = step end
  return f, state, first
end

_G.next, _G.pairs = step, iterate -- luacheck: ignore 122
own.next, own.pairs = step, iterate

---Finds `dm.x` and `ops.kind.name` in the binary. They come before the files on disk, so that a stray
---folder named dm in the working directory can not replace the runtime.
local function search_embedded(name)
  local path = name:gsub("%.", "/")
  local prefix = name:find("^dm%f[.%z]") and "lua/" or ""
  for _, file in ipairs { prefix .. path .. ".lua", prefix .. path .. "/init.lua" } do
    local chunk = embedded_chunk(file)
    if chunk then return setfenv(chunk, own) end
  end
  return "\n\tno module '" .. name .. "' in the binary"
end

table.insert(package.loaders, 2, search_embedded)
package.path = "./?.lua;./?/init.lua;" .. package.path

package.loaded["dm.embedded"] = { read = embedded, paths = embedded_paths, compiled = compiled }

require "dm.finalizers"
