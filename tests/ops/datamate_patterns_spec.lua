-- DataMate's scanners against its patterns: random texts of fragments that the patterns care about go through both the
-- operator and a plain rendering of what DataMate does, with PCRE2 and one replacement after the other.
local registry = require "dm.registry"
local text = require "dm.text"

local TEXTS = 1500

---Fragments between spaces; _ stands for a space.
local function words(list)
  local all = {}
  for word in list:gmatch "%S+" do all[#all + 1] = word:gsub("_", " "):gsub("\\n", "\n"):gsub("\\t", "\t") end
  return all
end

local function random_text(fragments)
  local parts = {}
  for i = 1, math.random(25) do parts[i] = fragments[math.random(#fragments)] end
  return table.concat(parts)
end

---Wraps, applies, unwraps: patterns that ask for a neighbour get one.
local function wrapped(f)
  return function(s)
    return (f("【" .. s .. "】"):gsub("^【", ""):gsub("】$", ""))
  end
end

local function replacing(pattern, mark, flags)
  local re = text.regex(pattern, flags)
  return wrapped(function(s) return re:replace(s, mark) end)
end

---Replaces all places of each match in turn, or the first one of each.
local function in_turn(pattern, before, after, mark, accept)
  local re = text.regex(pattern)
  return wrapped(function(s)
    for match in re:gmatch(s) do
      if accept(match) then
        s = text.regex(before .. "\\Q" .. match .. "\\E" .. after):replace(s, mark)
      end
    end
    return s
  end)
end

local function has_luhn_sum(s)
  local sum, place = 0, 0
  for digit in s:reverse():gmatch "%d" do
    local v = tonumber(digit) * (1 + place % 2)
    sum, place = sum + math.floor(v / 10) + v % 10, place + 1
  end
  return sum % 10 == 0
end

local SEP = "[- ]?"
local CARD = ("(?<=[^\\d])(?:3[47][0-9]{2}S[0-9]{6}S[0-9]{5}|6[02]\\d{2}(?:S\\d{4}){3}"
  .. "|(?:30[0-5]\\d|3[689]\\d\\d|3095)S[0-9]{6}S[0-9]{4}|(?:64[4-9]\\d|65\\d\\d|6011)(?:S\\d{4}){3}"
  .. "|(?:352[89]|35[3-8]\\d)S[0-9]{4}(?:S\\d{4}){2}|S[0-9]{8}"
  .. "|(?:5[1-5]\\d\\d|222[1-9]|22[3-9]\\d|2[3-6]\\d\\d|27[01]\\d|2720)(?:S\\d{4}){3}|4\\d{3}(?:S\\d{4}){3})(?=[^\\d])")
  :gsub("S", SEP)
local ID = "(?<=[^0-9])(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)"
  .. "(?:[0-2][0-9]|3[0-4]|4[0-3]|5[1-3]|90)(?:[0-3][0-9]|4[0-3]|5[1-7]|6[1-4]|7[1-4]|8[1-7])"
  .. "(?:18|19|20)\\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])\\d{3}[0-9xX](?=[^0-9xX])"
local PHONE = "(?<!\\d)(?:[(（]?\\+?(?:00)?86[)）]?[- ]?)?(?:1[3-9]\\d[- ]?\\d{4}[- ]?\\d{4}"
  .. "|[(（]?0?[12]\\d[)）]?[ -]?[2-8]\\d{3}[ -]?\\d{4}|[(（]?0?[3-9]\\d{2}[)）]?[ -]?[2-8]\\d{2,3}[ -]?\\d{4})(?!\\d)"
local URL = "((?:https?|ftp|file)://|(?<![A-Za-z\\-.])www\\.)[A-Za-z0-9\\-+&@()#/%?=^~_|!:,.;]+"
  .. "[A-Za-z0-9\\-+&@#/%=~_|](?![A-Za-z0-9\\-+&@#/%=~_|])"

local caption = text.regex("(?<=\\n)(?:图|表|图片|表格) *(?:\\d+(?:[.-]\\d+)*|[a-zA-Z]{1,2}(?:[.-]\\d+)*) +.*\\n"
  .. "|(?<=\\n)(?:Figure|Table|Fig\\.?) *(?:S?\\d+(?:[.-]\\d+)*|[a-zA-Z]{1,2}\\d?(?:[.-]\\d+)*)[.:]? +.*\\n", "i")
local attribute = text.regex '\\s*(?!(?:colspan|rowspan)=)\\b\\w+="[^"]+"'

local RULES = {
  AnonymizedUrlCleaner = {
    plain = replacing(URL, "<url>"),
    fragments = words "http https :// www. ftp file a B - . / ; | ( ) ! _ 中 h x www ://://",
  },
  AnonymizedPhoneNumber = {
    plain = replacing(PHONE, "<tel>"),
    fragments = words "+ 86 00 ( ) （ ） - _ 1 13 8001 3800 138 010 0 2 5 62345678 6234 5678 中 021 0755 8345 ３",
  },
  AnonymizedCreditCardNumber = {
    plain = in_turn(CARD, "(?<=[^\\d])", "(?=[^\\d])", "<credit_card_number>", has_luhn_sum),
    fragments = words("4111111111111111 4111_1111_1111_1111 12345674 2345 - _ 1 5105105105105100 378282246310005 3782"
      .. " 822463 10005 a 中 00000000 6011 0009 9013 9424 3530111333300000 30569309025904 _12345674"),
  },
  AnonymizedIdNumber = {
    plain = in_turn(ID, "(?<=[^0-9])", "(?=[^0-9xX])", "<id>", function() return true end),
    fragments = words("11010519491231002X 110105 1949 1231 002X 11010519491231002 x X 1 0 ９ 19４9 110105194９1231002X"
      .. " 110105194912310０21 _ a 中 11 20"),
  },
  LegendCleaner = {
    plain = function(s) return caption:replace("\n" .. s .. "\n", ""):sub(2, -2) end,
    fragments = words("\\n图_1_x \\nFig.S2:_x \\nTable_a1_ \\n表格A-1_ 图 表 图片 表格"
      .. " Figure Table Fig Fig. fig table _ 1 2.1 -3 S1 a ab abc . : \\n \\n \\n x 中 １"),
  },
  HtmlTagCleaner = {
    plain = function(s) -- what is left of a tag's attributes; names of tags that are no HTML only
      local tag = text.regex "<\\w+(?:\\s+[^<>]*?)?>"
      local parts, at = {}, 1
      while true do
        local first, last = tag:find(s, at)
        parts[#parts + 1] = s:sub(at, (first or 0) - 1)
        if not first then return table.concat(parts) end
        parts[#parts + 1] = attribute:replace(s:sub(first, last), "")
        at = last + 1
      end
    end,
    fragments = words('<svg_x="1"> <x_y="1"_z=" "_a="2"> <中_b="c"\\nd="e" < > <svg <x y y="1" _ \\n ='
      .. ' =" " colspan="2" _rowspan="3" y=\'z\' =""  中="x" z'),
  },
}

describe("scanners do what patterns do:", function()
  for _, name in ipairs { "AnonymizedCreditCardNumber", "AnonymizedIdNumber", "AnonymizedPhoneNumber",
    "AnonymizedUrlCleaner", "HtmlTagCleaner", "LegendCleaner" } do
    it(name, function()
      math.randomseed(1)
      local op, rule, changed = registry.get(name) {}, RULES[name], 0
      for _ = 1, TEXTS do
        local s = random_text(rule.fragments)
        local sample = { text = s }
        op:execute(sample)
        assert.equal(rule.plain(s), sample.text, s)
        changed = changed + (sample.text ~= s and 1 or 0)
      end
      assert.is_true(changed > TEXTS / 50, "only " .. changed .. " texts matched")
    end)
  end
end)
