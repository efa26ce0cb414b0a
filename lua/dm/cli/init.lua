-- dmhost init DIR: a project with a pipeline, data, a spec, and what an editor needs to complete `dm.` and `sample.`:
-- .luarc.json and the annotated library, which lua-language-server reads.
local embedded = require "dm.embedded"
local json = require "dm.json"
local problem = require "dm.problem"
local scaffold = require "dm.scaffold"
local shell = require "dm.shell"

local M = {
  summary = "make a project: pipeline, data, spec, editor annotations",
  usage = "dmhost init DIR",
  most = 1,
  options = {},
  notes = [[
Writes pipeline.lua, data/sample.jsonl (texts with everything that goes wrong), tests/pipeline_spec.lua, .gitignore,
.luarc.json and .dmhost/library/, the annotated modules that lua-language-server completes from. Nothing is
overwritten. Delete .dmhost/library/ and run it elsewhere to get the library of a newer dmhost.
]],
}

---The pipeline's data: the rows that `dmhost try` shows, numbered.
---@return string text
---@return table[] rows decoded
local function data()
  local lines, rows = {}, {}
  for row in embedded.read("lua/dm/trace/demo.txt"):gmatch "[^\n]+" do
    lines[#lines + 1] = ('{"id": %d, %s'):format(#lines + 1, row:sub(2))
    rows[#rows + 1] = json.decode(lines[#lines])
  end
  return table.concat(lines, "\n") .. "\n", rows
end

---@param dir string
---@return dm.NewFile[]
local function project(dir)
  local text, rows = data()
  local files = {
    { path = dir .. "pipeline.lua", text = scaffold.text "pipeline" },
    { path = dir .. "data/sample.jsonl", text = text },
    { path = dir .. "tests/pipeline_spec.lua", text = scaffold.text "pipeline_spec" },
    { path = dir .. ".gitignore", text = scaffold.text "gitignore" },
    { path = dir .. ".luarc.json", text = scaffold.text "luarc" },
  }
  for _, file in ipairs(scaffold.library(dir .. ".dmhost/library", rows)) do files[#files + 1] = file end
  return files
end

---@param values table
---@return integer exit status
function M.run(values)
  if not values[1] then
    problem.raise("init: needs a folder", { next = "dmhost init DIR; for this folder, dmhost init ." })
  end
  local dir = values[1] == "." and "" or values[1]:gsub("/*$", "") .. "/"
  local files = project(dir)
  local wrong = scaffold.write(files)
  if wrong then problem.raise("init: " .. wrong, { next = "choose another folder" }) end
  for _, file in ipairs(files) do
    if not file.path:find(".dmhost/library/", 1, true) then io.write(file.path, "\n") end
  end
  io.write(dir, ".dmhost/library/\n\nnext:  ", dir == "" and "" or "cd " .. shell.quote(dir:sub(1, -2)) .. "\n       ",
    "dmhost check pipeline.lua\n       dmhost try pipeline.lua\n       dmhost run pipeline.lua\n",
    "       dmhost new mapper my_operator\n       dmhost test\n")
  return 0
end

return M
