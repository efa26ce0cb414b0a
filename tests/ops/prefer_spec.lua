-- Where an operator does what its peer does and a user would call a fault, its documentation names the operator to
-- prefer; that one does what the user meant.
local catalogue = require "dm.catalogue"
local registry = require "dm.registry"

---Operator, a text on which it does not do what one would expect, what it makes of it, and the one to prefer, with
---parameters, and what that makes of it. Filters give true or false.
local CASES = {
  { "AnonymizedCreditCardNumber", "on 12345674, 4111 1111 1111 1111", "on<credit_card_number>, <credit_card_number>",
    "replace_content_mapper", { pattern = [[(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)]], repl = "<card>" },
    "on 12345674, <card>" },
  { "AnonymizedIpAddress", "  std::vector of 10.0.0.1", "st<ip>vector of <ip>",
    "clean_ip_mapper", { repl = "<ip>" }, "  std::vector of <ip>" },
  { "AnonymizedPhoneNumber", "400-800-1234, 13800138000", "<tel>, <tel>",
    "replace_content_mapper", { pattern = [[(?<!\d)1[3-9]\d{9}(?!\d)]], repl = "<tel>" }, "400-800-1234, <tel>" },
  { "AnonymizedUrlCleaner", "HTTP://A.ORG/(x) y", "HTTP://A.ORG/(x) y", "clean_links_mapper", {}, " y" },
  { "EmailNumberCleaner", "..a@b.com a@b.com", "..<email> a@b.com", "clean_email_mapper", { repl = "<email>" },
    "<email> <email>" },
  { "EmojiCleaner", "© 😀", " ", "replace_content_mapper", { pattern = [[\p{Emoji_Presentation}]] }, "© " },
  { "ExtraSpaceCleaner", "one\n\ntwo", "one\ntwo", "whitespace_normalization_mapper", {}, "one\n\ntwo" },
  { "FileWithHighRepeatPhraseRateFilter", "hello world", false, "word_repetition_filter", {}, true },
  { "FileWithHighRepeatWordRateFilter", "English but for 一", false, "character_repetition_filter", {}, true },
  { "FileWithHighSpecialCharRateFilter", "a.......", true, "special_characters_filter", {}, false },
  { "FullWidthCharacterCleaner", "Ａ，　Ｂ", "A，　B", "fix_unicode_mapper", {}, "A, B" },
  { "GrableCharactersCleaner", "café �", "caf ", "remove_specific_chars_mapper", { chars_to_remove = "�" }, "café " },
  { "HtmlTagCleaner", "a<br/>b<!-- c -->", "a<br/>b<!-- c -->", "clean_html_mapper", {}, "ab" },
  { "InvisibleCharactersCleaner", "a\1|b", "ab", "fix_unicode_mapper", {}, "a|b" },
  { "LegendCleaner", "Table of contents\nTable 1 Prices\n.", ".",
    "replace_content_mapper", { pattern = [[(?m)^(?:Figure|Table) \d[^\n]*\n]] }, "Table of contents\n." },
  { "TraditionalChineseCleaner", "「數據」", "“数据”", "chinese_convert_mapper", { mode = "t2s" }, "「数据」" },
  { "UnicodeSpaceCleaner", "👨‍👩　a", "👨 👩 a",
    "replace_content_mapper", { pattern = "[^\\S\\n]", repl = " " }, "👨‍👩 a" },
  { "XMLTagCleaner", "<a><b>1</b><c>2</c><b>3</b></a>", "a: \n b: 13 c: 2",
    "replace_content_mapper", { pattern = "<[^>]*>", repl = " " }, "  1  2  3  " },
  { "clean_copyright_mapper", "# What this does\nx = 1", "x = 1",
    "replace_content_mapper", { pattern = [[\A(?i:#[^\n]*copyright[^\n]*\n)+]] }, "# What this does\nx = 1" },
  { "clean_email_mapper", "Me@Example.Org", "Me@Example.Org", "EmailNumberCleaner", {}, "<email>" },
  { "clean_ip_mapper", "10.0.0.256", "6", "AnonymizedIpAddress", {}, "10.0.0.256" },
  { "clean_links_mapper", "note:this https://a.org，很好", " ", "AnonymizedUrlCleaner", {}, "note:this <url>，很好" },
  { "punctuation_normalization_mapper", "１。", '".', "FullWidthCharacterCleaner", {}, "1。" },
  { "remove_comments_mapper", "a% why\nb", "\nb", "replace_content_mapper", { pattern = [[(?<!\\)%[^\n]*]] }, "a\nb" },
  { "remove_header_mapper", [[x\paragraph{p} y]], [[x\paragraph{p} y]],
    "replace_content_mapper", { pattern = [[\A.*?(?=\\(?:section|paragraph)\b)]] }, [[\paragraph{p} y]] },
  { "remove_non_chinese_character_mapper", "数据\n清洗é", "数据清洗",
    "replace_content_mapper", { pattern = "[^一-龥\\n]" }, "数据\n清洗" },
  { "remove_specific_chars_mapper", "● a|b", " ab", "replace_content_mapper", { pattern = "[◆●]" }, " a|b" },
  { "remove_table_text_mapper", ".\nno table\nat all\n", ".\n",
    "replace_content_mapper", { pattern = [[(?m)^\|[^\n]*\|\n]] }, ".\nno table\nat all\n" },
  { "specified_numeric_field_filter", { n = 0 }, false,
    "general_field_filter", { filter_condition = "n >= 0" }, true },
  { "whitespace_normalization_mapper", "👨‍👩　a", "👨 👩 a",
    "replace_content_mapper", { pattern = "[^\\S\\n]", repl = " " }, "👨‍👩 a" },
}

---Parameters without which an operator can not be made.
local REQUIRED = { specified_numeric_field_filter = { field_key = "n" } }

---File types that operators ask for.
local TYPES = { XMLTagCleaner = "xml" }

local function run(name, params, input)
  local sample = type(input) == "table" and input or { text = input, fileType = TYPES[name] }
  local op = registry.get(name)(params)
  local keep = op:execute(sample)
  if op.kind == "filter" then return keep end
  return sample.text
end

---The names of operators that an operator's documentation says to prefer.
local function preferred(class)
  local names = {}
  for name in catalogue.head(class):gmatch "[Pp]refer ([%w_]+)" do names[name] = true end
  return names
end

describe("the operator to prefer", function()
  for _, case in ipairs(CASES) do
    local name, input, made, other, params, wanted = unpack(case)
    it(("to %s is %s, as its documentation says"):format(name, other), function()
      assert.is_true(preferred(registry.get(name))[other])
      assert.equal(made, run(name, REQUIRED[name] or {}, input))
      assert.equal(wanted, run(other, params, input))
    end)
  end

  it("exists wherever one is named", function()
    for _, class in ipairs(catalogue.all()) do
      for name in pairs(preferred(class)) do assert(registry.get(name), class.name .. " prefers " .. name) end
    end
  end)
end)
