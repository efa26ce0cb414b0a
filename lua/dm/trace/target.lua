-- What try, dev and explain have in common: their arguments, the texts of sources, and how they end.
local embedded = require "dm.embedded"
local session = require "dm.session"

local M = {}

---Options that say what is loaded.
M.OPTIONS = {
  { "eval", short = "e", value = "TEXT", doc = "the pipeline as text" },
  { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
  { "set", value = "OP.KEY=V", list = true, doc = "a parameter of an operator; may be repeated" },
}

---@param list dm.Option[]
---@return dm.Option[] with M.OPTIONS
function M.with_options(list)
  for _, option in ipairs(M.OPTIONS) do list[#list + 1] = option end
  return list
end

---What is to be loaded, and the inputs that were named.
---@param values table options and arguments
---@param needs string what to say when there is nothing
---@return dm.LoadSpec
---@return string[] inputs
function M.of(values, needs)
  local target = values.eval and "(-e)" or values[1]
  if not target then error(needs, 0) end
  local inputs = {}
  for i = values.eval and 1 or 2, #values do inputs[#inputs + 1] = values[i] end
  return { target = target, eval = values.eval, folders = values.ops or {}, settings = values.set or {} }, inputs
end

---@param values table
---@param name string
---@param default integer
---@return integer
function M.count(values, name, default)
  local n = tonumber(values[name] or default)
  if not n or n < 1 or n % 1 ~= 0 then
    error(('--%s takes a whole number of at least 1, not "%s"'):format(name, values[name]), 0)
  end
  return n
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

---A function that gives the text of a source: as it was loaded, else as it lies on disk or in the binary.
---@param info table? of the client
---@return fun(path: string): string?
function M.sources(info)
  local texts = {}
  for _, file in ipairs(info and info.sources or {}) do texts[file.path] = file.text end
  return function(path) return texts[path] or read(path) or embedded.read(path) end
end

---Runs a command's session: what it raises for people becomes a line on stderr and exit status 2.
---@param name string of the command
---@param main fun(): integer
---@return integer for dm.cli.main
function M.run(name, main)
  return session.begin(function()
    local ok, result = xpcall(main, function(raised)
      local text = tostring(raised)
      return text:find "^lua/dm/" and debug.traceback(text, 2) or text
    end)
    if ok then return result end
    io.stderr:write("dmhost ", name, ": ", result, "\n")
    return 2
  end)
end

return M
