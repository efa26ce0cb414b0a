-- Texts and parameters that are meant to do harm, for every operator that waits for nobody: it ends, whether with a
-- result or an error, and takes no more memory than a worker has. What takes more than linear time does not end here
-- before the process is killed that runs this file. DMHOST_HOSTILE_BYTES is how long a text is: 10 MB with
-- `make hostile`.
local dm = require "dm"
local ffi = require "ffi"
local registry = require "dm.registry"
local t = require "tests.support"

local BYTES = tonumber(os.getenv "DMHOST_HOSTILE_BYTES") or 1e6

---Macros of which each is two of the next: all of them are 2^40 times the last.
local function doubling()
  local list = {}
  for i = 1, 40 do
    list[i] = ("\\newcommand{\\m%s}{\\m%s\\m%s}"):format(("a"):rep(i), ("a"):rep(i + 1), ("a"):rep(i + 1))
  end
  return table.concat(list, "\n") .. "\n\\ma\n"
end

---A piece that is repeated; what comes before it, and it; or a function.
local TEXTS = {
  ["one letter"] = "a",
  ["one ideograph"] = "中",
  ["one space"] = " ",
  ["one newline"] = "\n",
  ["carriage returns"] = "\r",
  ["one control character"] = "\1",
  ["NUL"] = "\0",
  ["combining marks"] = { "a", "\204\129" },
  ["marks of other classes"] = { "a", "\204\129\204\167\204\163" },
  ["joined emoji"] = "👩\226\128\141",
  ["flags"] = "🇩",
  ["nested tags"] = "<div>",
  ["tags that do not close"] = "<a ",
  ["attributes that do not close"] = "<a b='\"",
  ["sections"] = "<![CDATA[",
  ["raw text"] = "<style></b",
  ["references"] = "&foo;&#65f",
  ["nested tables"] = "<table><tr><td>",
  ["closing tags"] = "</p>",
  ["formatting that overlaps"] = "<b><i></b>",
  ["entities"] = { "&", "amp;" },
  ["comments that do not close"] = "/*<!--",
  ["brackets"] = "([{",
  ["backslashes"] = "\\",
  ["macros that double"] = doubling,
  ["macros"] = "\\section{a}\n",
  ["addresses"] = "user@example.com ",
  ["halves of addresses"] = "a.",
  ["at signs"] = "a@",
  ["links"] = "http://a.b/c ",
  ["parentheses of a link"] = { "http://a", "(" },
  ["numbers of networks"] = "192.168.1.1 ",
  ["colons"] = "a:",
  ["digits"] = "1",
  ["cards"] = "4111111111111111 ",
  ["phones"] = "+86 13812345678 ",
  ["captions"] = "图1 说明\n",
  ["rows of a table"] = "| a | b |\n",
  ["lines of one letter"] = "a\n",
  ["sentences"] = "It is so. ",
  ["broken characters of other charsets"] = "Ã©",
  ["words of one letter"] = "a ",
  ["traditional"] = "繁體",
}

---A row's worth of a text.
local function build(text)
  if type(text) == "function" then return text() end
  local before, piece = "", text
  if type(text) == "table" then before, piece = text[1], text[2] end
  return before .. piece:rep(math.floor(BYTES / #piece))
end

local FOLDER = t.scratch()

local function sample_of(op, text)
  local kind = op.name == "XMLTagCleaner" and "xml" or "txt"
  return dm.sample { text = text, data = "", fileName = "a.txt", fileType = kind, fileId = "1", filePath = "/a.txt",
    instance_id = "1", meta = {}, export_path = FOLDER }
end

---Calls an operator on a text; what it raises is a message.
local function try(op, text)
  local sample = sample_of(op, text)
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
        try(op, build(TEXTS[text]))
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
