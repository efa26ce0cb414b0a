-- The hand-written scanners against Data-Juicer's own patterns, which PCRE2 runs, on random texts of the pieces that
-- matter to each.
local clean = require "dm.text.clean"
local latex = require "dm.text.latex"
local python_regex = require "dm.python.regex"
local text = require "dm.text"

---Texts of up to `most` pieces, the same ones in every run.
local function texts(pieces, most, count)
  local seed, left = 1, count
  local function random(n)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % n + 1
  end
  return function()
    if left == 0 then return nil end
    left = left - 1
    local list = {}
    for i = 1, random(most) do list[i] = pieces[random(#pieces)] end
    return table.concat(list)
  end
end

local function compare(pieces, most, scanner, reference)
  local changed, count = 0, 5000
  for s in texts(pieces, most, count) do
    local want = reference(s)
    assert.equal(want, scanner(s), s)
    changed = changed + (want == s and 0 or 1)
  end
  assert.is_true(changed > count / 50, changed .. " texts changed")
end

local function replacer(pattern, flags, repl)
  local re = python_regex.compile(pattern, flags)
  return function(s) return re:replace(s, repl or "") end
end

local IP = [[(?:(?:1[0-9][0-9]\.)|(?:2[0-4][0-9]\.)|(?:25[0-5]\.)|(?:[1-9][0-9]\.)|(?:[0-9]\.)){3}]]
  .. [[(?:(?:1[0-9][0-9])|(?:2[0-4][0-9])|(?:25[0-5])|(?:[1-9][0-9])|(?:[0-9]))]]
  .. [[|([\da-fA-F]{1,4}:){7}[\da-fA-F]{1,4}]]
local BIBLIOGRAPHY = [[(\\appendix|\\begin\{references\}|\\begin\{REFERENCES\}|\\begin\{thebibliography\}]]
  .. [[|\\bibliography\{.*\}).*$]]

local function header_pattern()
  local one, list = [[\\\b%s\b\*?(?:\[(.*?)\])?\{(.*?)\}]], {}
  for i, name in ipairs { "chapter", "part", "section", "subsection", "subsubsection", "paragraph" } do
    list[i] = one:format(name)
  end
  return "^(.*?)(" .. table.concat(list, "|") .. one:format "subparagraph" .. ")"
end

---Without the leading lines that are empty or begin with //, # or --.
local function without_head(s)
  local at = 1
  while s:find("^\n", at) or s:find("^//", at) or s:find("^#", at) or s:find("^%-%-", at) do
    at = (s:find("\n", at, true) or #s) + 1
  end
  return s:sub(at)
end

describe("the scanners match what Data-Juicer's patterns match:", function()
  it("IP addresses", function()
    compare({ "1", "25", "255", "256", "0", ".", ".", ".", ":", ":", "a", "F", "x", "१", "1:2:3:4:5:6:", "1.2." }, 24,
      function(s) return clean.ips(s, "<\\1>") end, replacer(IP, "s", "<\\1>"))
  end)
  it("bibliographies", function()
    compare({ "\\appendix", "\\begin{references}", "\\begin{REFERENCES}", "\\bibliography{", "\\bibliography", "}",
      "a", "\n", "\\" }, 12, latex.bibliography, replacer(BIBLIOGRAPHY, "s"))
  end)
  it("headers", function()
    compare({ "\\section", "\\chapter", "\\paragraph", "\\subparagraph", "*", "[", "]", "{", "}", "{}", "x", "\n" },
      16, latex.header, replacer(header_pattern(), "s", "\\2"))
  end)
  it("comments", function()
    local pieces = { "%", "%", "\\", "\n", "a", "é", "\r" }
    compare(pieces, 14, latex.inline_comments, replacer([=[[^\\]%.+$]=], "m"))
    compare(pieces, 14, latex.comment_lines, replacer([[^%.*\n?]], "m"))
  end)
  it("tables", function()
    local steps = {}
    for i = 1, 4 do steps[i] = replacer(([=[(?<=\n)((\S+?)([ |\t](\S+?)){%d}\n+){2,}]=]):format(i)) end
    compare({ "a", "é", "|", " ", "\t", "\n", "\n", "a b\n", "a|b\n", "\r" }, 24,
      function(s) return clean.tables(s, 2, 5) end,
      function(s)
        for _, step in ipairs(steps) do s = step(s) end
        return s
      end)
  end)
  it("copyright comments", function()
    local comment = python_regex.compile [=[/\*[^*]*\*+(?:[^/*][^*]*\*+)*/]=]
    local word = python_regex.compile("copyright", "i")
    compare({ "/*", "*/", "/", "*", "copyright", "Copy", "right", "\n", "#", "--" }, 12, clean.copyright, function(s)
      local first, last = comment:find(s)
      if not first then return without_head(s) end
      return word:find(s:sub(first, last)) and s:sub(1, first - 1) .. s:sub(last + 1) or s
    end)
  end)
  it("Chinese characters and what stays beside them", function()
    local set = text.charset { ".， ,-。%《*》/•、&＆(—)（+）：？!！“”·", { 0x4E00, 0x9FA5 }, { 0x41, 0x5A },
      { 0x61, 0x7A }, { 0x30, 0x39 } }
    compare({ "一", "龥", "龦", "a", "Z", "0", "-", "\\", "?", "？", "·", "\n", "é", "[" }, 20,
      function(s) return set:keep(s) end,
      replacer("[^\\x{4E00}-\\x{9FA5}A-Za-z0-9.， ,\\-。%《*》/•、&＆(—)（+）：？!！“”·]+"))
  end)
  it("sentences", function()
    local cuts = { python_regex.compile "([.。！!？\\?])([^’”])", python_regex.compile "(…{2})([^’”])",
      python_regex.compile "([.。！!？\\?\\.{6}\\…{2}][’”])([^’”])" }
    local plain = replacer("[^a-zA-Z0-9\\x{4E00}-\\x{9FA5}\\n\\t ]")
    compare({ ".", "。", "!", "……", "…", "’", "”", "{", "ab", "ab", "ab", "2", " " }, 24,
      function(s) return clean.repeated_sentences(s, false, true, 2) end,
      function(s)
        for _, cut in ipairs(cuts) do s = cut:replace(s, "\\1\n\\2") end
        local kept, seen = {}, {}
        for sentence in (s .. "\n"):gmatch "([^\n]*)\n" do
          local key = plain(text.strip(sentence))
          if text.length(key) < 2 or not seen[key] then kept[#kept + 1] = sentence end
          seen[key] = true
        end
        return table.concat(kept)
      end)
  end)
end)

describe("Regex:spans", function()
  it("gives places and groups, of empty matches too", function()
    local list = {}
    for first, last, group in text.regex("(b)|c*"):spans "abcc" do list[#list + 1] = { first, last, group or "-" } end
    assert.same({ { 1, 0, "-" }, { 2, 2, "b" }, { 3, 4, "-" }, { 5, 4, "-" } }, list)
    assert.equal(1, text.regex("(b)|c*"):groups())
  end)
end)
