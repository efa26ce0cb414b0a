-- dmhost lua FILE|-e CODE [ARGS]: a Lua script inside the host.
local problem = require "dm.problem"
local show = require "dm.problem.show"
local sources = require "dm.sources"

local M = {
  summary = "run a Lua script inside the host",
  usage = "dmhost lua FILE|-e CODE [ARGS]",
  options = {},
  raw = true,
}

local function load_script(args)
  if args[1] ~= "-e" then
    if not args[1] then
      return nil, problem.new("no script is given", { next = "dmhost lua FILE, or dmhost lua -e CODE" })
    end
    args[0] = table.remove(args, 1)
    return loadfile(args[0])
  end
  table.remove(args, 1)
  args[0] = "-e"
  local text = table.remove(args, 1) or ""
  sources.restore { { path = "(-e)", text = text } }
  return loadstring(text, "=(-e)")
end

-- busted ends a failed run with error(nil), which says nothing more.
local function catch(e)
  return e ~= nil and problem.catch(e) or nil
end

---The event loop, until the tasks of the script have ended.
local function finish()
  if package.loaded["dm.wait"] then require("dm.wait").finish() end
  if package.loaded["dm.scheduler"] then require("dm.scheduler").close_all() end
  if package.loaded["dm.remote.pool"] then require("dm.remote.pool").close_all() end
end

---@param args string[]
---@return integer exit status
function M.run(args)
  local chunk, message = load_script(args)
  if not chunk then
    show.print(message)
    return 2
  end
  _G.arg = args
  _G.dm = require "dm"
  local ok, failure = xpcall(chunk, catch, unpack(args))
  if ok then ok, failure = xpcall(finish, catch) end
  if not ok and failure ~= nil then show.print(failure) end
  return ok and 0 or 1
end

return M
