-- Texts and parameters that are meant to do harm, for every operator that waits for nobody: it ends, whether with a
-- result or an error, and takes no more memory than a worker has. What takes more than linear time does not end here
-- before the process is killed that runs this file.
local dm = require "dm"
local ffi = require "ffi"
local registry = require "dm.registry"
local t = require "tests.support"

local BYTES = 1e6

---A row's worth of a piece of text, again and again.
local function filled(piece)
  return piece:rep(math.floor(BYTES / #piece))
end

---Macros of which each is two of the next: all of them are 2^40 times the last.
local function doubling()
  local list = {}
  for i = 1, 40 do
    list[i] = ("\\newcommand{\\m%s}{\\m%s\\m%s}"):format(("a"):rep(i), ("a"):rep(i + 1), ("a"):rep(i + 1))
  end
  return table.concat(list, "\n") .. "\n\\ma\n"
end

local TEXTS = {
  ["one letter"] = filled "a",
  ["one ideograph"] = filled "中",
  ["one space"] = filled " ",
  ["one newline"] = filled "\n",
  ["carriage returns"] = filled "\r",
  ["one control character"] = filled "\1",
  ["NUL"] = filled "\0",
  ["combining marks"] = "a" .. filled "\204\129",
  ["marks of other classes"] = "a" .. filled "\204\129\204\167\204\163",
  ["joined emoji"] = filled "👩\226\128\141",
  ["flags"] = filled "🇩",
  ["nested tags"] = filled "<div>",
  ["tags that do not close"] = filled "<a ",
  ["nested tables"] = filled "<table><tr><td>",
  ["closing tags"] = filled "</p>",
  ["formatting that overlaps"] = filled "<b><i></b>",
  ["entities"] = "&" .. filled "amp;",
  ["comments that do not close"] = filled "/*<!--",
  ["brackets"] = filled "([{",
  ["backslashes"] = filled "\\",
  ["macros that double"] = doubling(),
  ["macros"] = filled "\\section{a}\n",
  ["addresses"] = filled "user@example.com ",
  ["halves of addresses"] = filled "a.",
  ["at signs"] = filled "a@",
  ["links"] = filled "http://a.b/c ",
  ["parentheses of a link"] = "http://a" .. filled "(",
  ["numbers of networks"] = filled "192.168.1.1 ",
  ["colons"] = filled "a:",
  ["digits"] = filled "1",
  ["cards"] = filled "4111111111111111 ",
  ["phones"] = filled "+86 13812345678 ",
  ["captions"] = filled "图1 说明\n",
  ["rows of a table"] = filled "| a | b |\n",
  ["lines of one letter"] = filled "a\n",
  ["sentences"] = filled "It is so. ",
  ["broken characters of other charsets"] = filled "Ã©",
  ["words of one letter"] = filled "a ",
  ["traditional"] = filled "繁體",
}

local FOLDER = t.scratch()

local function sample_of(text)
  return dm.sample { text = text, data = "", fileName = "a.txt", fileType = "txt", fileId = "1", filePath = "/a.txt",
    instance_id = "1", meta = {}, export_path = FOLDER }
end

---Calls an operator on a text; what it raises is a message.
local function try(op, text)
  local sample = sample_of(text)
  local ok, result
  if op.kind == "slicer" then
    ok, result = pcall(op.slice, op, sample)
  else
    ok, result = pcall(op.execute, op, sample)
  end
  if not ok then assert.is_nil(tostring(result):find("memory", 1, true), op.name .. ": " .. tostring(result)) end
end

---An operator with its defaults, or with what its first example that does gives it.
local function make(class)
  local ok, op = pcall(class, {})
  if ok then return op end
  for _, example in ipairs(class.examples) do
    ok, op = pcall(class, example.params or {})
    if ok then return op end
  end
end

local names = {}
for _, name in ipairs(registry.builtin_names()) do
  if not registry.get(name).waits then names[#names + 1] = name end
end

local function sorted_texts()
  local list = {}
  for name in pairs(TEXTS) do list[#list + 1] = name end
  table.sort(list)
  return list
end

describe("an operator withstands", function()
  setup(function()
    ffi.C.dm_child_limit_memory(2 ^ 31)
  end)
  teardown(t.clean)

  for _, name in ipairs(names) do
    it("texts that are meant to do harm: " .. name, function()
      local op = assert(make(registry.get(name)), "can not be made")
      for _, text in ipairs(sorted_texts()) do
        try(op, TEXTS[text])
        collectgarbage()
      end
    end)
  end

  ---A class whose parameter has a value that nobody would give it.
  local function try_value(class, base, parameter, value)
    local given = {}
    for k, v in pairs(base) do given[k] = v end
    given[parameter] = value
    local ok, op = pcall(class, given)
    if ok then try(op, "One text, <b>of</b> some words.\n\nAnd 数据 more.") end
  end

  local ODD = { -1, 0, 1, 0.5, 1e9, 2 ^ 53, -2 ^ 53, 1e308, math.huge, -math.huge, 0 / 0 }

  for _, name in ipairs(names) do
    it("ranges that are none: " .. name, function()
      local class = registry.get(name)
      local base = pcall(class, {}) and {} or class.examples[1].params or {}
      for _, p in ipairs(class.params) do
        for _, value in ipairs(p[2]:find "number" and ODD or p[2]:find "integer" and ODD or {}) do
          try_value(class, base, p[1], value)
        end
      end
      if not class.bounds then return end
      local crossed = { [class.bounds[1]] = 1 }
      if class.bounds[2] then crossed[class.bounds[2]] = 0 end
      for k, v in pairs(base) do crossed[k] = v end
      local ok, op = pcall(class, crossed)
      if ok then try(op, "text") end
    end)
  end
end)
