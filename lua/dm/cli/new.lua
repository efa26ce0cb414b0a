-- dmhost new KIND NAME: an operator with parameters, examples and a spec, which pass `dmhost test` as they stand.
local problem = require "dm.problem"
local registry = require "dm.registry"
local scaffold = require "dm.scaffold"
local suggest = require "dm.suggest"

local M = {
  summary = "make an operator with parameters, examples and a spec",
  usage = "dmhost new mapper|filter|slicer|llm NAME",
  most = 2,
  options = {},
  notes = [[
A mapper edits samples, a filter keeps or drops them, a slicer makes many of one, an llm operator asks a model.
Writes ops/user/NAME/process.lua and ops/user/NAME/NAME_spec.lua; nothing is overwritten. A pipeline in this folder
uses it as { "NAME" }.
]],
}

local KINDS = { "mapper", "filter", "slicer", "llm" }

local function check_kind(kind)
  for _, known in ipairs(KINDS) do
    if kind == known then return end
  end
  problem.raise(kind and ('new: "%s" is no kind of operator%s'):format(kind, suggest.hint(kind, KINDS))
    or "new: needs a kind and a name", { next = ("dmhost new %s NAME"):format(table.concat(KINDS, "|")) })
end

local function check_name(kind, name)
  local next_step = { next = ("for example dmhost new %s mask_numbers"):format(kind) }
  if not name then problem.raise("new: needs a name", next_step) end
  if not name:find "^[%a_][%w_]*$" then
    problem.raise(('new: "%s" is no name for an operator: letters, digits and _ only'):format(name), next_step)
  end
  for _, known in ipairs(registry.builtin_names()) do
    if known == name then
      problem.raise(('new: dmhost has an operator "%s" already'):format(name), { next = "choose another name" })
    end
  end
end

---@param values table
---@return integer exit status
function M.run(values)
  local kind, name = values[1], values[2]
  check_kind(kind)
  check_name(kind, name)
  local names = { NAME = name, CLASS = scaffold.class_name(name) }
  local folder = "ops/user/" .. name .. "/"
  local files = {
    { path = folder .. "process.lua", text = scaffold.text(kind, names) },
    { path = folder .. name .. "_spec.lua", text = scaffold.text(kind .. "_spec", names) },
  }
  local wrong = scaffold.write(files)
  if wrong then problem.raise("new: " .. wrong, { next = "choose another name" }) end
  for _, file in ipairs(files) do io.write(file.path, "\n") end
  local more = kind == "llm" and (" --set %s.url=http://localhost:8000/v1"):format(name) or ""
  io.write("\nnext:  dmhost test ", name, "\n       dmhost try ", name, more, "\n")
  return 0
end

return M
