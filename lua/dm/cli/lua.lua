-- dmhost lua FILE|-e CODE [ARGS]: a Lua script inside the host.
local M = {
  summary = "run a Lua script inside the host",
  usage = "dmhost lua FILE|-e CODE [ARGS]",
  options = {},
  raw = true,
}

local function load_script(args)
  if args[1] ~= "-e" then
    if not args[1] then return nil, "needs a file, or -e CODE" end
    args[0] = table.remove(args, 1)
    return loadfile(args[0])
  end
  table.remove(args, 1)
  args[0] = "-e"
  return loadstring(table.remove(args, 1) or "", "=(-e)")
end

-- busted ends a failed run with error(nil), which says nothing more.
local function trace(message)
  return message ~= nil and debug.traceback(tostring(message), 2) or nil
end

---@param args string[]
---@return integer exit status
function M.run(args)
  local chunk, message = load_script(args)
  if not chunk then
    io.stderr:write("dmhost lua: ", message, "\n")
    return 2
  end
  _G.arg = args
  _G.dm = require "dm"
  local ok, failure = xpcall(chunk, trace, unpack(args))
  if not ok and failure ~= nil then io.stderr:write("dmhost lua: ", failure, "\n") end
  return ok and 0 or 1
end

return M
