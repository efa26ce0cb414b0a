-- dmhost ops [NAME]: the catalogue of operators, a search in it, or one operator in full.
local catalogue = require "dm.catalogue"
local find = require "dm.test.find"
local page = require "dm.catalogue.page"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local show = require "dm.problem.show"
local registry = require "dm.registry"

local M = {
  summary = "list the operators, search them, or show one in full",
  usage = "dmhost ops [OPERATOR] [--search WORDS] [OPTIONS]",
  options = {
    { "search", short = "s", value = "WORDS", doc = "those that have all these words, the best first" },
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "json", doc = "one JSON object a line: name, kind, summary, origin, cost, params, examples" },
    { "markdown", doc = "all of them, or the one, as a document" },
  },
  notes = [[
Several words search, too: dmhost ops repeated lines. Operators of yours in ops/user/ are listed with those of dmhost.

exit status: 0; 1 nothing was found; 2 wrong usage
]],
}

---The user's operators that load; about the others `dmhost check` and `dmhost test` say more.
local function own(folders)
  local list = {}
  for _, job in ipairs(find.operators(folders)) do
    local ok, class = pcall(registry.get, job.name)
    if ok and class then
      list[#list + 1] = class
    else
      io.stderr:write(("dmhost: ops: %s can not be loaded; `dmhost test %s` says why\n"):format(job.path, job.path))
    end
  end
  return list
end

local function all(folders)
  local list, seen = catalogue.all(), {}
  for _, class in ipairs(list) do seen[class] = true end
  for _, class in ipairs(own(folders)) do
    if not seen[class] then list[#list + 1] = class end
  end
  return list
end

local function show_list(classes, values)
  local paint = paint_module.new()
  for _, class in ipairs(classes) do
    io.write(values.json and catalogue.json(class) or page.line(paint, class), "\n")
  end
  return 0
end

local function search(words, folders, values)
  local found = page.search(all(folders), words)
  if #found > 0 then return show_list(found, values) end
  show.print(problem.new("ops: no operator has " .. table.concat(words, " and "),
    { next = "fewer words, or parts of them, find more; `dmhost ops` lists all" }))
  return 1
end

local function words_of(values)
  local words = { unpack(values) }
  for word in (values.search or ""):gmatch "%S+" do words[#words + 1] = word end
  return words
end

local function show_one(name, values)
  local class, why, next_step = registry.get(name)
  if not class then problem.raise(why, { next = next_step }) end
  if values.json then
    io.write(catalogue.json(class), "\n")
  elseif values.markdown then
    io.write(catalogue.markdown(class))
  else
    io.write(page.full(paint_module.new(), class))
  end
  return 0
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  local folders = { "ops/user", unpack(values.ops or {}) }
  for _, folder in ipairs(values.ops or {}) do registry.add_folder(folder) end
  if values.search and not values.search:find "%S" then
    problem.raise("ops: --search needs words", { next = "for example dmhost ops --search links" })
  end
  local words = words_of(values)
  if values.search or #words > 1 then return search(words, folders, values) end
  if words[1] then return show_one(words[1], values) end
  if values.markdown then
    io.write(catalogue.markdown())
    return 0
  end
  return show_list(all(folders), values)
end

return M
