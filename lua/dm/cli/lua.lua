-- dmhost lua FILE|-e CODE [ARGS]: a Lua script inside the host.
local M = {}

---@param args string[]
---@return integer exit status
function M.run(args)
  local chunk, message
  if args[1] == "-e" then
    chunk, message = loadstring(args[2] or "", "=(-e)")
    table.remove(args, 1)
    args[0] = "-e"
  else
    chunk, message = loadfile(args[1])
    args[0] = args[1]
  end
  table.remove(args, 1)
  if not chunk then
    io.stderr:write("dmhost lua: ", message, "\n")
    return 2
  end
  _G.arg = args
  chunk(unpack(args))
  return 0
end

return M
