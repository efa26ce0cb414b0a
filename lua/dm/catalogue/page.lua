-- The catalogue on a terminal: a line for each operator, or one operator in full. Lines are broken at the terminal's
-- width; a pipe gets them whole, but for paragraphs.
local catalogue = require "dm.catalogue"
local paint_module = require "dm.trace.paint"
local sample = require "dm.sample"

local M = {}

local MOST_COLUMNS, NAME_COLUMNS, LEAST_SUMMARY = 100, 34, 12

---Words of a text in lines of at most `width` columns; a longer word has a line to itself.
local function wrap(text, width)
  local lines, line = {}, nil
  for word in text:gmatch "%S+" do
    if line and paint_module.columns(line) + 1 + paint_module.columns(word) > width then
      lines[#lines + 1], line = line, nil
    end
    line = line and line .. " " .. word or word
  end
  lines[#lines + 1] = line
  return lines
end

local function bold(paint, text)
  return table.concat(paint_module.lines({ colour = paint.colour, columns = math.huge }, { { text, "bold" } }))
end

---One line for an operator; the summary is cut where the terminal ends.
---@param paint dm.Paint
---@param class table
---@return string
function M.line(paint, class)
  local head = ("%-7s %s "):format(class.kind, paint_module.pad(class.name, NAME_COLUMNS))
  local room = math.max(paint.columns - paint_module.columns(head), LEAST_SUMMARY)
  return head .. paint_module.cut(class.summary, room)
end

local function limits_of(p)
  local list = {}
  if p.min then list[#list + 1] = "at least " .. p.min end
  if p.max then list[#list + 1] = "at most " .. p.max end
  if p.one_of then
    local values = {}
    for i, v in ipairs(p.one_of) do values[i] = catalogue.show(v) end
    list[#list + 1] = "one of " .. table.concat(values, ", ")
  end
  if p.only_default then list[#list + 1] = "nothing else here: " .. p.only_default end
  return #list > 0 and "; " .. table.concat(list, "; ") or ""
end

---A default that is a text of its own stands behind the description.
local LONGEST_DEFAULT = 30

local function add_param(out, p, width)
  local default = catalogue.show_default(p)
  local is_long = #default > LONGEST_DEFAULT
  local head = ("  %-22s %-13s %-16s "):format(p[1], p[2], is_long and "" or default)
  local text = (p.doc or "") .. limits_of(p) .. (is_long and "; default: " .. default or "")
  local indent = #head
  if width - indent < paint_module.LEAST_BESIDE then
    out[#out + 1], head, indent = head:gsub("%s+$", ""):gsub("%s%s+", "  "), nil, paint_module.BELOW
  end
  local lines = wrap((text:gsub("^; ", "")), math.max(width - indent, LEAST_SUMMARY))
  for i, line in ipairs(lines) do out[#out + 1] = (i == 1 and head or (" "):rep(indent)) .. line end
  if #lines == 0 and head then out[#out + 1] = (head:gsub("%s+$", "")) end
end

local function add_section(out, paint, title)
  out[#out + 1] = ""
  out[#out + 1] = bold(paint, title)
end

local SECTIONS = {
  { "own", "Parameters" },
  { "measure", "Parameters of filters that measure" },
  { "waiting", "Parameters of operators that ask a model" },
  { "all", "Parameters of all operators" },
}

local function json(v)
  return type(v) == "table" and tostring(sample.sample(v)) or tostring(v)
end

---What comes out of an example, each sample on a line.
local function results(example)
  if example.keep ~= nil then return { example.keep and "kept" or "dropped" } end
  local list = {}
  for i, output in ipairs(example.outputs or { example.output }) do list[i] = json(output) end
  return #list > 0 and list or { "nothing" }
end

local function add_example(out, class, example)
  local call = { class.name }
  for k, v in pairs(example.params or {}) do call[k] = v end
  out[#out + 1] = "  " .. catalogue.show(call)
  out[#out + 1] = "    before  " .. json(example.input)
  for _, reply in ipairs(example.replies or {}) do out[#out + 1] = "    answer  " .. catalogue.show(reply) end
  for i, result in ipairs(results(example)) do
    out[#out + 1] = (i == 1 and "    after   " or "            ") .. result
  end
end

---One operator in full.
---@param paint dm.Paint
---@param class table
---@return string
function M.full(paint, class)
  local width = math.min(paint.columns, MOST_COLUMNS)
  local origin = class.origin and ", as in " .. class.origin or ""
  local out = paint_module.lines(paint, { { class.name, "bold" }, { " (" .. class.kind .. origin .. ")" } }, 2)
  out[#out + 1] = ""
  for _, line in ipairs(wrap(class.summary, width)) do out[#out + 1] = line end
  local head = catalogue.head(class)
  if head ~= "" then out[#out + 1] = "" end
  for _, line in ipairs(wrap(head, width)) do out[#out + 1] = line end
  if class.cost then
    add_section(out, paint, "Cost")
    for _, line in ipairs(wrap(class.cost, width - 2)) do out[#out + 1] = "  " .. line end
  end
  for i, section in ipairs(SECTIONS) do
    local params = catalogue.params(class, section[1])
    if #params > 0 then add_section(out, paint, section[2]) end
    for _, p in ipairs(params) do add_param(out, p, width) end
    if i == 1 and #class.examples > 0 then
      add_section(out, paint, "Examples")
      for _, example in ipairs(class.examples) do add_example(out, class, example) end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

-- Search ---------------------------------------------------------------------------------------------

---How well a word fits: its place in the name counts most. Zero when it stands nowhere.
local function fit(class, word)
  if class.name:lower():find(word, 1, true) then return 4 end
  local about = table.concat({ class.summary, class.kind, class.origin or "" }, " "):lower()
  if about:find(word, 1, true) then return 2 end
  local rest = { catalogue.head(class) }
  for _, p in ipairs(catalogue.params(class, "own")) do rest[#rest + 1] = p[1] .. " " .. (p.doc or "") end
  return table.concat(rest, " "):lower():find(word, 1, true) and 1 or 0
end

---The operators that have all the words, the best first.
---@param classes table[]
---@param words string[]
---@return table[]
function M.search(classes, words)
  local found, scores = {}, {}
  for _, class in ipairs(classes) do
    local score, all = 0, true
    for _, word in ipairs(words) do
      local n = fit(class, word:lower())
      score, all = score + n, all and n > 0
    end
    if all then found[#found + 1], scores[class] = class, score end
  end
  table.sort(found, function(a, b)
    if scores[a] ~= scores[b] then return scores[a] > scores[b] end
    return a.name < b.name
  end)
  return found
end

return M
