-- What operators say of themselves, as data, as lines for a terminal and as Markdown.
local base_op = require "dm.base_op"
local embedded = require "dm.embedded"
local registry = require "dm.registry"
local sample = require "dm.sample"

local M = {}

local KINDS = {
  { "mapper", "Mappers", "edit samples." },
  { "filter", "Filters", "keep samples or drop them." },
  { "slicer", "Slicers", "make many samples of one." },
  { "llm", "LLM operators", "wait on a model." },
}

---A value as Lua writes it, on one line.
---@param v any
---@return string
local function show(v)
  if rawequal(v, sample.null) then return "dm.null" end
  if type(v) == "string" then
    return (("%q"):format(v):gsub("\\\n", "\\n"):gsub("\\9%f[%D]", "\\t"):gsub("\\13%f[%D]", "\\r"))
  end
  if type(v) ~= "table" then return v == math.huge and "math.huge" or tostring(v) end
  local parts, names = {}, {}
  for i, x in ipairs(v) do parts[i] = show(x) end
  for k in pairs(v) do
    if type(k) == "string" then names[#names + 1] = k end
  end
  table.sort(names)
  for _, k in ipairs(names) do
    parts[#parts + 1] = (k:find "^[%a_][%w_]*$" and k or ("[%q]"):format(k)) .. " = " .. show(v[k])
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function show_default(p)
  if p.required then return "required" end
  if p.default == nil then return "none" end
  return show(p.default)
end

local SHARED = {}
for _, p in ipairs(base_op.BaseOp.params) do SHARED[p] = "all" end
for _, p in ipairs(base_op.MEASURE) do SHARED[p] = "measure" end
for _, p in ipairs(base_op.WAITING) do SHARED[p] = "waiting" end

---The parameters of a class: its own, then those that it shares with all filters that measure ("measure"), or with
---those that ask a model ("waiting"), or all operators ("all").
---@param class table
---@param whose "own"|"measure"|"waiting"|"all"
---@return dm.Param[]
function M.params(class, whose)
  local list = {}
  for _, p in ipairs(class.params) do
    if (SHARED[p] or "own") == whose then list[#list + 1] = p end
  end
  return list
end

---The operators of a kind, by name.
---@param kind string
---@return table[] classes
function M.of_kind(kind)
  local list = {}
  for _, name in ipairs(registry.names()) do
    local class = assert(registry.get(name))
    if class.kind == kind then list[#list + 1] = class end
  end
  return list
end

---All operators, kind by kind.
---@return table[] classes
function M.all()
  local list = {}
  for _, kind in ipairs(KINDS) do
    for _, class in ipairs(M.of_kind(kind[1])) do list[#list + 1] = class end
  end
  return list
end

-- JSON -----------------------------------------------------------------------------------------------

---The default of a parameter. One that is unlimited has no number in JSON: it is written as the word.
local function json_default(p)
  if p.default == math.huge then return "inf" end
  return p[2]:find("list", 1, true) and type(p.default) == "table" and sample.array(p.default) or p.default
end

---An operator as a JSON object on one line.
---@param class table
---@return string
function M.json(class)
  local params = sample.array {}
  for i, p in ipairs(class.params) do
    params[i] = { name = p[1], type = p[2], default = json_default(p), required = p.required or false,
      min = p.min, max = p.max, one_of = p.one_of, only_default = p.only_default, doc = p.doc, shared = SHARED[p] }
  end
  return tostring(sample.sample { name = class.name, kind = class.kind, summary = class.summary,
    origin = class.origin, cost = class.cost, params = params, examples = sample.array(class.examples) })
end

-- Markdown -------------------------------------------------------------------------------------------

---Text for Markdown: names with underscores as code, other signs escaped; what is code already stays.
local function escape(s)
  local parts, is_code = {}, false
  for part in (s .. "`"):gmatch "([^`]*)`" do
    if not is_code then part = part:gsub("[|<>*]", "\\%0"):gsub("[%w_]*_[%w_.]*[%w_]", "`%0`") end
    parts[#parts + 1], is_code = part, not is_code
  end
  return table.concat(parts, "`")
end

local function code(s)
  local ticks, space = s:find("`", 1, true) and "``" or "`", s:find "^`" or s:find "`$"
  return ticks .. (space and " " or "") .. s .. (space and " " or "") .. ticks
end

local function cell_code(s) return (code(s):gsub("|", "\\|")) end

local function meaning(p)
  return escape((p.doc or "") .. (p.only_default and "; not here: " .. p.only_default or ""))
end

local function add_params(out, params)
  if #params == 0 then return end
  out[#out + 1] = "| parameter | type | default | meaning |\n| --- | --- | --- | --- |"
  for _, p in ipairs(params) do
    local default = show_default(p)
    if default ~= "required" and default ~= "none" then default = cell_code(default) end
    out[#out + 1] = ("| %s | %s | %s | %s |"):format(cell_code(p[1]), p[2], default, meaning(p))
  end
  out[#out + 1] = ""
end

---The comment at the head of an operator's file, as one paragraph.
local function head_of(class)
  local text = embedded.read(("ops/%s/%s.lua"):format(class.kind, class.name)) or ""
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do
    local comment = line:match "^%-%- ?(.*)$"
    if not comment then break end
    lines[#lines + 1] = comment
  end
  return table.concat(lines, " ")
end

---What an example shows.
local function outcome(example)
  if example.keep ~= nil then return example.keep and "is kept" or "is dropped" end
  return "becomes " .. code(show(example.output or example.outputs))
end

---The answers of a model that an example counts on.
local function answers(example)
  local list = {}
  for i, reply in ipairs(example.replies or {}) do list[i] = code(show(reply)) end
  return list[1] and (" and the answers %s"):format(table.concat(list, ", ")) or ""
end

local function add_operator(out, class)
  local head = head_of(class)
  out[#out + 1] = ("### %s\n"):format(class.name)
  out[#out + 1] = ("%s%s\n"):format(class.origin and "*From " .. class.origin .. ".* " or "",
    escape(head ~= "" and head or class.summary))
  add_params(out, M.params(class, "own"))
  local shared = {}
  for i, p in ipairs(M.params(class, "measure")) do shared[i] = code(p[1]) end
  if shared[1] then out[#out + 1] = ("Also %s: see [Filters](#filters).\n"):format(table.concat(shared, ", ")) end
  if M.params(class, "waiting")[1] then out[#out + 1] = "Also those of [LLM operators](#llm-operators).\n" end
  for _, example in ipairs(class.examples) do
    local call = { class.name }
    for k, v in pairs(example.params or {}) do call[k] = v end
    out[#out + 1] = ("- with %s%s, %s %s"):format(code(show(call)), answers(example), code(show(example.input)),
      outcome(example))
  end
  out[#out + 1] = ""
end

---The catalogue of all operators as a Markdown document, ops/README.md; or one operator's part of it.
---@param only table?
---@return string
function M.markdown(only)
  if only then
    local lines = {}
    add_operator(lines, only)
    return table.concat(lines, "\n")
  end
  local out = { "<!-- Made by `dmhost ops --markdown`; do not edit. -->\n# Operators\n",
    "Each is a file of this folder. Every operator also takes these, which name fields of the sample:\n" }
  add_params(out, base_op.BaseOp.params)
  for _, kind in ipairs(KINDS) do
    local classes = M.of_kind(kind[1])
    if #classes > 0 then out[#out + 1] = ("## %s\n\n%s %s\n"):format(kind[2], kind[2], kind[3]) end
    if kind[1] == "filter" then
      out[#out + 1] = "Those that measure a number also take these:\n"
      add_params(out, base_op.MEASURE)
    elseif kind[1] == "llm" then
      out[#out + 1] = "They, and filters and slicers that ask a model, also take these:\n"
      add_params(out, base_op.WAITING)
    end
    for _, class in ipairs(classes) do add_operator(out, class) end
  end
  return (table.concat(out, "\n"):gsub("\n+$", "\n"))
end

M.show, M.show_default, M.head = show, show_default, head_of

return M
