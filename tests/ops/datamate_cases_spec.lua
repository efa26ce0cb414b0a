-- DataMate's operators at their edges, case by case, and what stands behind them.
local ffi = require "ffi"
local failure = require "dm.datamate.failure"
local registry = require "dm.registry"
local t = require "tests.support"
local text = require "dm.text"

---Operator -> texts and what becomes of them.
local CASES = {
  AnonymizedCreditCardNumber = {
    { "x 12345674 y", "x<credit_card_number> y" }, -- the space belongs to the eight digits
    { " 12345674 12345674", "<credit_card_number> <credit_card_number>" },
    { "4111 1111 1111 1111 and 4111111111111112", "<credit_card_number> and 4111111111111112" },
    { "411111111111111１", "<credit_card_number>" }, -- digits of other scripts count
    { "12345674", "<credit_card_number>" },
  },
  AnonymizedIdNumber = {
    { "11010519491231002X", "<id>" },
    { "11010519491231002x1", "11010519491231002x1" },
    { "110105194912310020110105194912310020", "110105194912310020110105194912310020" },
    { "11010519491331002X", "11010519491331002X" }, -- no thirteenth month
  },
  AnonymizedIpAddress = {
    { "std::vector", "st<ip>vector" },
    { "  10.0.0.1/24\r\n", "<ip>/24\n" },
    { "256.1.1.1 01.2.3.44", "256.1.1.1 01.2.3.44" },
    { "IP：1.2.3.4 and 5.6.7.8", "IP：<ip> and <ip>" },
    { "v 1.2.3.4", "v 1.2.3.4" },
    { "::ffff:1.1.1.10", "::ffff:<ip>" },
    { "1:2:3:4:5:6:7:8:9 1::2::3 :1:", "1:2:3:4:5:6:7:8:9 1::2::3 :1:" },
  },
  AnonymizedPhoneNumber = {
    { "13800138000", "<tel>" },
    { "113800138000", "113800138000" },
    { "(+86)138 0013 8000", "<tel>" },
    { "0755-8345678", "<tel>" },
    { "1380013800", "<tel>" }, -- a landline, to it
  },
  AnonymizedUrlCleaner = {
    { "xhttps://a.b", "x<url>" },
    { "HTTP://a.b", "HTTP://a.b" },
    { "(http://a.com/(x))", "(<url>))" },
    { "awww.b.c www.b.c", "awww.b.c <url>" },
    { "http://a http://", "http://a http://" }, -- one character is not enough
  },
  ContentCleaner = {
    { "目 录\n1 a 1\n\n\nx", "\n\nx" },
    { "目录", "目录" },
    { "a\nCONTENTS\n1 a 1\nb\nc\n2 b 2\nd", "a\nd" },
    { "Contents\na\nb\nc\n1 x 1", "Contents\na\nb\nc\n1 x 1" }, -- three lines without an entry
    { "x\n目录\n........", "x" },
  },
  DuplicateSentencesFilter = {
    { ("a\n"):rep(5), "a\n" },
    { ("a\n"):rep(4), ("a\n"):rep(4) },
    { (" a\n"):rep(3) .. "a\na\t\nb", " a\nb" },
    { ("<td>\n"):rep(6), ("<td>\n"):rep(6) },
  },
  EmailNumberCleaner = {
    { "a @b.com a@ b.com", "a @b.com a@ b.com" },
    { "a@b.com-a@b.com", "a@<email>" },
    { "a@b.museum1 a@b.c", "a@b.museum1 a@b.c" },
    { "a@" .. ("b"):rep(64) .. ".com", "a@" .. ("b"):rep(64) .. ".com" },
    { "a@xn--fiqs8s.com a@xn--zzzzzzz99999.com", "<email> a@xn--zzzzzzz99999.com" },
    { "a@１.com", "<email>" },
    { "a@x.test", "a@x.test" },
  },
  EmojiCleaner = {
    { "©a™", "a" },
    { "1#*", "1#*" },
    { "1️⃣", "" },
    { "👨‍👩‍👧‍👦x", "x" },
    { "👍🏽🏽", "" },
    { "a\239\184\143", "a" },
    { "\226\128\141", "\226\128\141" },
  },
  ExtraSpaceCleaner = {
    { " \n\t ", "" },
    { "a\t\tb", "a\t\tb" },
    { "中  文 a 中", "中文 a 中" },
    { "a\226\128\139b\n\n\n　c　", "a b\nc" },
  },
  FullWidthCharacterCleaner = { { "！（），：；？＂～　", "！（），：；？\"~　" } },
  GrableCharactersCleaner = { { "café × ÷ ㄅ\239\191\189", "caf × ÷ " } },
  HtmlTagCleaner = {
    { "<br/><br ><BR>", "<br/>" },
    { "<p title='>'>x</P>", "'>x" },
    { "<script>1<2</script>", "1<2" },
    { '<x-y a="1">', '<x-y a="1">' },
    { '<svg data-x="1" colspan="2" y=\'z\'>', "<svg data- colspan=\"2\" y='z'>" },
    { "<table><td>x", "<table><td>x" },
  },
  InvisibleCharactersCleaner = { { "a|b\0c\194\160d\te\20f", "abcd\te\20f" } },
  LegendCleaner = {
    { "Figure it out\nx", "x" },
    { "图1 a", "" },
    { "表1 x\n\n表2 y\n", "\n" },
    { "图1\n图 2.1-3 b", "图1" },
    { "Figures 1 a\nFigure1 a\nFigure1a b", "Figure1a b" }, -- "s" is a number
    { "fig. S1: a", "" },
  },
  TraditionalChineseCleaner = {
    { "『乾坤』瞭解頭髮", "‘乾坤’了解头发" },
    { "計畫用於單位", "计画用于单位" }, -- OpenCC knows 計畫 and 於單 as words
  },
  UnicodeSpaceCleaner = { { "a\226\128\141b\t\n", "a b\t\n" } },
}

local function names_of(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("DataMate's operators", function()
  after_each(t.clean)

  for _, name in ipairs(names_of(CASES)) do
    it(name, function()
      local op = registry.get(name) {}
      for _, case in ipairs(CASES[name]) do
        local sample = { text = case[1] }
        op:execute(sample)
        assert.equal(case[2], sample.text, case[1])
      end
    end)
  end

  it("leave text and data empty where they drop, and keep what has data", function()
    local op = registry.get "FileWithHighSpecialCharRateFilter" {}
    local sample = { text = "!!!", data = "bytes" }
    assert.is_false(op:execute(sample))
    assert.same({ text = "", data = "" }, sample)
    assert.is_true(registry.get "FileWithHighRepeatWordRateFilter" {}:execute { text = "", data = "bytes" })
  end)

  it("KnowledgeRelationSlice rounds as DataMate", function()
    local sample = { text = "，变得\n\n\n\n，，变得变得，\n\n，\n\n\n\n变得，，，变得\n\n，\n\n" }
    registry.get "KnowledgeRelationSlice" { chunk_size = 10, overlap_size = 0 }:execute(sample)
    assert.equal('[{"slice_data": "，变得，，变得变得，"}, {"slice_data": "，，"}, {"slice_data": "变得，，，变得"}]', sample.text)
  end)

  it("leave out what stands between chunks when these overlap by less than nothing", function()
    local function split(size, overlap, s)
      return text.splitter { chunk_size = size, chunk_overlap = overlap }:split(s)
    end
    assert.same({ "中国中", "卖完了" }, split(3, -1, "中国中国卖完了"))
    assert.same({ "abc" }, split(3, -9, "abcdefg"))
    assert.same({}, split(0, -1, "abc, d"))
    assert.has_error(function() split(-1, -2, "abc") end)
  end)

  it("write files anew, for owner and group, and nothing beside them", function()
    local folder, op = t.scratch() .. "/a/b", registry.get "Segmentation" {}
    local function writes(s)
      op:execute { text = s, fileId = "7", export_path = folder }
      assert.equal(s, t.read(folder .. "/7_0.txt"))
      local _, listed = t.shell(("cd %s && stat -c '%%n %%a' $(ls -A)"):format(folder))
      assert.equal("7_0.txt 640\n", listed)
    end
    writes "into a folder that is not there yet"
    writes "two"
    assert(os.remove(folder .. "/7_0.txt"))
    writes "into a folder that is there"
    t.shell(("cd %s && mv 7_0.txt ../other && ln -s ../other 7_0.txt"):format(folder))
    writes "in place of a link"
    assert.equal("into a folder that is there", t.read(folder .. "/../other"))
    t.write(folder .. "/.7_0.txt.part", "what a killed worker has left, longer than all that is written")
    writes "over what was left"
    assert(os.remove(folder .. "/7_0.txt"))
    t.shell(("mkdir %s/7_0.txt"):format(folder))
    assert.has_error(function() op:execute { text = "a folder is in the way", fileId = "7", export_path = folder } end)
    assert.equal("7_0.txt\n", select(2, t.shell("ls -A " .. folder)))
  end)

  it("tell where chunks are", function()
    local base, spans, count = text.splitter { chunk_size = 4, chunk_overlap = 0 }:spans "中国\n\nabcdef"
    local found = {}
    for i = 0, count - 1 do found[i + 1] = ffi.string(base + spans[i].start, spans[i]["end"] - spans[i].start) end
    assert.same({ "中国", "ab", "cdef" }, found)
  end)

  it("fail with DataMate's words", function()
    local function failing(name, params, s)
      local ok, e = pcall(function() registry.get(name)(params):execute { text = s } end)
      assert.is_false(ok)
      return tostring(e)
    end
    assert.equal("Exception: (83001, 'init text splitter failed')", failing("Segmentation", { chunkSize = 1 }, "x"))
    local params = { chunk_size = 1, overlap_size = 0 }
    assert.equal("ZeroDivisionError: float division by zero",
      failing("KnowledgeRelationSlice", params, "蘨的脉陫瓲 能的一\n\v"))
  end)

  it("say what they measured", function()
    local _, reason, value = registry.get "FileWithShortOrLongLengthFilter" {}:execute { text = " short " }
    assert.equal("shorter than 10", reason)
    assert.equal(5, value)
  end)

  it("raise failures with DataMate's class and code", function()
    local ok, e = pcall(registry.get("FileWithShortOrLongLengthFilter"), { fileLength = { 1 } })
    assert.is_false(ok)
    assert.is_true(failure.is(e))
    assert.same({ "RuntimeError", "ops.9999" }, { e.type, e.code })
    assert.equal("RuntimeError: (82001, 'method: FileWithShortOrLongLengthFilter expected 2 arguments')", tostring(e))
  end)

  it("pass by samples of other types", function()
    local sample = { text = "<p>x", fileType = "xml" }
    registry.get "HtmlTagCleaner" {}:execute(sample)
    assert.equal("<p>x", sample.text)
    registry.get "XMLTagCleaner" {}:execute { text = "<p>x", fileType = "txt" }
  end)

  it("do not read XML on that nests too deeply to be written", function()
    local op = registry.get "XMLTagCleaner" {}
    local function failing(xml)
      local ok, e = pcall(op.execute, op, { text = xml, fileType = "xml" })
      assert.is_false(ok)
      return tostring(e)
    end
    local deep = ("<a>"):rep(951)
    op:execute { text = deep .. ("</a>"):rep(951), fileType = "xml" }
    assert.matches("81001", failing(deep .. "<"))
    assert.matches("81002, 'maximum recursion depth exceeded'", failing(deep .. "<a><"))
    assert.matches("81002, 'maximum recursion depth exceeded'", failing(deep .. "<a/>" .. ("</a>"):rep(951)))
  end)

  it("count switches as Python does", function()
    for value, expected in pairs { ["false"] = "x", [1] = "x", [0] = "<td>x", [""] = "<td>x" } do
      local sample = { text = "<td>x" }
      registry.get "HtmlTagCleaner" { removeTableTags = value }:execute(sample)
      assert.equal(expected, sample.text)
    end
  end)
end)

describe("templates of DataMate's operators that ask a model", function()
  local format = require("dm.llm.datamate").format
  local function failing(template)
    local ok, e = pcall(format, template, { question = "q{}", answer = "a" })
    assert.is_false(ok)
    return tostring(e)
  end

  it("are filled as Python's str.format fills them", function()
    assert.equal("q{} {x} a}", format("{question} {{x}} {answer!s}}}", { question = "q{}", answer = "a" }))
    assert.equal("KeyError: 'x'", failing "{question}{x.y}")
    assert.equal("IndexError: Replacement index 0 out of range for positional args tuple", failing "a{}")
    assert.equal("IndexError: Replacement index 2 out of range for positional args tuple", failing "{2}")
    assert.equal("ValueError: Single '}' encountered in format string", failing "a}b")
    assert.equal("ValueError: Single '{' encountered in format string", failing "a{")
    assert.equal("ValueError: expected '}' before end of string", failing "a{b")
    assert.equal("ValueError: unexpected '{' in field name", failing "{a {question}")
    assert.equal("ValueError: {answer:>5}: only {answer} is supported", failing "{answer:>5}")
  end)
end)

describe("word lists", function()
  after_each(t.clean)

  local function cleaned(words, s)
    local path = t.write(t.scratch() .. "/words.txt", words)
    local sample = { text = s }
    registry.get "PoliticalWordCleaner" { wordFiles = { path } }:execute(sample)
    return sample.text
  end

  it("match around symbols, not across lines", function()
    assert.equal("x***y a\nb", cleaned("ab\r\n", "xa!by a\nb"))
  end)
  it("star longer matches first, and their texts wherever they stand in the line", function()
    assert.equal("*** ****", cleaned("she\nhew\nhe\n", "she shew")) -- "hew" goes on from "she"
    assert.equal("** s**w", cleaned("shew1\nhe\n", "he shew")) -- "he" alone is not found in "shew"
  end)
  it("end at line ends that Python knows", function()
    assert.equal("* * c", cleaned("a\226\128\168b", "a b c"))
  end)
  it("must be there, and UTF-8", function()
    assert.has_error(function() registry.get "PoliticalWordCleaner" { wordFiles = { "/nowhere/words" } } end)
    assert.error_matches(function() cleaned("\255", "x") end, "not valid UTF%-8 at byte 1")
  end)
end)

describe("jieba", function()
  it("says before the run where its data is when there is none", function()
    assert.error_matches(function()
      registry.get "FileWithHighRepeatPhraseRateFilter" { jiebaFolder = "/nowhere" }
    end, "python3%-jieba")
  end)
end)

describe("dm.text", function()
  it("has sets of code points", function()
    local set = text.charset { "ab", 0x4E2D, { 0x1F600, 0x1F64F } }
    assert.equal(4, set:count "abc中😀")
    assert.equal("--c--", set:replace("abc中😀", "-"))
    assert.equal("bcc丮😁", set:shift("abc中😀", 1))
    local plain = "nothing of it"
    assert.equal(plain, set:replace(plain, ""))
    assert.equal(0, text.charset {}:count "a")
    assert.error_matches(function() text.charset { "\255" } end, "not valid UTF%-8")
  end)
  it("has an automaton over words", function()
    local matcher = text.matcher({ "she", "he" }, { "!" })
    assert.same({ "s!he", "he" }, matcher:search "s!he he")
    assert.equal(5, matcher:count "s!he he")
    assert.equal("**** **", matcher:star "s!he he")
    assert.same({}, text.matcher({}):search "x")
  end)
  it("lists no matches that are together far longer than the text", function()
    local matcher = text.matcher({ "a", "aa" }, { "." })
    assert.equal(1000, #matcher:search(("a."):rep(1000)))
    assert.error_matches(function() matcher:search(("a."):rep(1e5)) end, "^the matches are together far longer")
    assert.equal(1e5, matcher:count(("a."):rep(1e5)))
  end)
end)
