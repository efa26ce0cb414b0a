-- Texts that are meant to do harm, of any length: what makes a kernel look back, nest, grow its tables or its result.
local M = {}

---Pieces that a function makes of their numbers, until they are long enough.
local function numbered(piece)
  return function(bytes)
    local list, size = {}, 0
    for i = 1, bytes do
      list[i] = piece(i)
      size = size + #list[i]
      if size >= bytes then break end
    end
    return table.concat(list)
  end
end

---The opening piece as often as fits, with as many closing ones behind it.
local function nested(open, close)
  return function(bytes)
    local n = math.floor(bytes / (#open + #close))
    return open:rep(n) .. close:rep(n)
  end
end

---Numbers that look random, always the same.
local function random(i) return i * 1103515245 % 2147483648 end

---One in place of another, of which there are 40: all of them are 2^40 times the last.
local function doubling(line, first, last)
  return function()
    local list = { first }
    for i = 1, 40 do list[#list + 1] = (line:gsub("A", ("a"):rep(i)):gsub("B", ("a"):rep(i + 1))) end
    list[#list + 1] = last
    return table.concat(list, "\n")
  end
end

local function character(c)
  if c < 0x80 then return string.char(c) end
  local tail = string.char(0x80 + c % 64)
  if c < 0x800 then return string.char(0xC0 + math.floor(c / 64)) .. tail end
  tail = string.char(0x80 + math.floor(c / 64) % 64) .. tail
  if c < 0x10000 then return string.char(0xE0 + math.floor(c / 4096)) .. tail end
  return string.char(0xF0 + math.floor(c / 262144), 0x80 + math.floor(c / 4096) % 64) .. tail
end

---Every character of Unicode, one after the other.
local function any_character(i)
  local c = i % 0x10F7FF + 1
  return character(c < 0xD800 and c or c + 0x800)
end

local LETTERS = "abcdefghijklmnopqrstuvwxyz"

---Some letters of an alphabet that look random.
local function spelled(i, alphabet)
  local x, list = random(i), {}
  for k = 1, 4 do
    x = random(x + k)
    local at = math.floor(x / 65536) % #alphabet + 1
    list[k] = alphabet:sub(at, at)
  end
  return table.concat(list)
end

---By name: a piece that is repeated; what comes before it, it, and what comes behind; or a function of the length.
M.TEXTS = {
  -- one thing
  ["one letter"] = "a",
  ["one ideograph"] = "中",
  ["one ideograph beyond 16 bits"] = "𠀀",
  ["one space"] = " ",
  ["one wide space"] = "\227\128\128",
  ["one newline"] = "\n",
  ["carriage returns"] = "\r",
  ["ends of lines of every kind"] = "\r\n\v\f\194\133\226\128\168",
  ["one control character"] = "\1",
  ["NUL"] = "\0",
  ["byte order marks"] = "\239\187\191",
  ["marks of direction"] = "\226\128\174",
  ["replacement characters"] = "\239\191\189",
  ["digits"] = "1",
  ["full stops"] = ".",
  ["quotes"] = "\"'",
  ["backslashes"] = "\\",
  ["ampersands"] = "&",
  ["less-than signs"] = "<",
  ["percent signs"] = "%",
  ["dollars"] = "$",
  ["hyphens"] = "-",
  ["slashes"] = "/",
  ["stars behind a slash"] = { "/", "*" },
  ["every character"] = numbered(any_character),
  ["random letters"] = numbered(function(i) return spelled(i, LETTERS) end),
  -- characters that belong together
  ["combining marks"] = { "a", "\204\129" },
  ["marks of other classes"] = { "a", "\204\129\204\167\204\163" },
  ["letters with marks"] = "e\204\129",
  ["joined emoji"] = "👩\226\128\141",
  ["flags"] = "🇩",
  ["flags of tags"] = { "🏴", "\243\160\129\167" },
  ["keycaps"] = "1\239\184\143\226\131\163",
  ["skin tones"] = "👩🏽",
  ["Hangul jamo"] = "\225\132\128\225\133\161\225\134\168",
  ["initial jamo"] = "\225\132\128",
  ["characters that become eighteen"] = "\239\183\186",
  ["letters that grow in the other case"] = "ΐİßŉ",
  ["broken characters of other charsets"] = "Ã©",
  ["characters broken three times"] = "ÃƒÆ’Ã‚Â©",
  ["first halves of broken characters"] = "Ã",
  ["full width"] = "Ａ１，",
  ["traditional"] = "繁體",
  ["Chinese sentences"] = "南京市长江大桥，研究生命起源。",
  ["Chinese in Latin"] = "数a",
  -- HTML and XML
  ["nested tags"] = "<div>",
  ["nested tags that close"] = nested("<b>", "</b>"),
  ["tags that do not close"] = "<a ",
  ["attributes that do not close"] = "<a b='\"",
  ["attributes of one tag"] = function(bytes)
    return "<a " .. numbered(function(i) return "a" .. i .. "=1 " end)(bytes) .. ">b</a>"
  end,
  ["names of one tag"] = { "<", "a" },
  ["sections"] = "<![CDATA[",
  ["brackets of sections"] = { "<![CDATA[", "]]" },
  ["raw text"] = "<style></b",
  ["scripts"] = "<script><!--<script>",
  ["references"] = "&foo;&#65f",
  ["numbers of references"] = { "&#", "9" },
  ["entities"] = { "&", "amp;" },
  ["entities, one by one"] = "&amp;",
  ["nested tables"] = "<table><tr><td>",
  ["letters in nested tables"] = "<table>a",
  ["rows of HTML"] = { "<table>", "<tr><td>1</td><td>2", "</table>" },
  ["cells that span"] = { "<table>", "<tr><td rowspan=65534 colspan=1000>a", "</table>" },
  ["small tables"] = "<table><tr><th>a<td>b</table>",
  ["closing tags"] = "</p>",
  ["formatting that overlaps"] = "<b><i></b>",
  ["formatting across paragraphs"] = "<p><b><i><u>",
  ["formatting with attributes"] = numbered(function(i) return "<font a=" .. i .. "><p>" end),
  ["nested lists"] = "<ul><li>",
  ["foreign tags"] = "<svg><foreignObject>",
  ["selections"] = "<select><option>",
  ["templates"] = "<template>",
  ["comments that do not close"] = "/*<!--",
  ["dashes of a comment"] = { "<!--", "-" },
  ["instructions"] = "<?xml version='1.0'?>",
  ["XML"] = { "<a>", "<b c='d'>e</b>", "</a>" },
  ["entities that double"] = doubling("<!ENTITY A '&B;&B;'>", "<!DOCTYPE a [", "<!ENTITY "
    .. ("a"):rep(41) .. " 'b'>]>\n<a>&a;</a>"),
  -- LaTeX, Markdown, source code
  ["brackets"] = "([{",
  ["brackets that close"] = nested("{[(", ")]}"),
  ["macros that double"] = doubling("\\newcommand{\\mA}{\\mB\\mB}", "", "\\ma\n"),
  ["macros"] = numbered(function(i) return "\\newcommand{\\m" .. ("a"):rep(i % 40 + 1) .. "}{b}\n" end),
  ["macros of other names"] = numbered(function(i)
    return "\\def\\m" .. tostring(i):gsub("%d", function(d) return string.char(97 + d) end) .. "{b}\n"
  end),
  ["macros that do not end"] = "\\newcommand{\\a}{",
  ["uses of a macro"] = { "\\newcommand{\\a}{b}\n", "\\a\\ab " },
  ["uses of a long macro"] = function(bytes)
    local half = math.floor(math.sqrt(bytes / 2))
    return "\\def\\a{" .. ("b"):rep(half) .. "}\n" .. ("\\a "):rep(half)
  end,
  ["sections of LaTeX"] = "\\section{a}\n",
  ["bibliographies"] = "\\bibliography{a}\n\\appendix",
  ["comments of LaTeX"] = "a %b\n% c\n\\%",
  ["rows of a table"] = "| a | b |\n",
  ["columns of a table"] = "| a ",
  ["columns of spaces"] = "a  ",
  ["copyright notices"] = "/* copyright */\n",
  ["comments of a line"] = "// a\n# b\n",
  ["JSON"] = '{"a":[1,{"b":"\\n',
  -- what is anonymised
  ["addresses"] = "user@example.com ",
  ["addresses in a row"] = "a@b.cc",
  ["halves of addresses"] = "a.",
  ["at signs"] = "a@",
  ["domains of an address"] = { "a@", "b." },
  ["names of an address"] = { "", "a-_+.", "@" },
  ["links"] = "http://a.b/c ",
  ["links in a row"] = "http://a",
  ["beginnings of links"] = "https://",
  ["hosts"] = "www.",
  ["letters of a link"] = { "http://", "a%20.?&" },
  ["parentheses of a link"] = { "http://a", "(" },
  ["nested parentheses of a link"] = { "http://a", "(a(b)" },
  ["numbers of networks"] = "192.168.1.1 ",
  ["numbers and full stops"] = "1.",
  ["long numbers of networks"] = "2001:db8:0:0:0:0:0:1 ",
  ["colons"] = "a:",
  ["only colons"] = ":",
  ["cards"] = "4111111111111111 ",
  ["numbers of cards with hyphens"] = "4111-1111-",
  ["phones"] = "+86 13812345678 ",
  ["phones in parts"] = "(010) 1234-",
  ["identity cards"] = "11010519491231002X ",
  -- lines, sentences and words
  ["captions"] = "图1 说明\n",
  ["figures"] = "Figure ",
  ["contents"] = "目录\n第一章 ........ 1\n",
  ["references in brackets"] = "[1]",
  ["lines of one letter"] = "a\n",
  ["other lines"] = numbered(function(i) return "Line " .. i .. " is long enough, and it ends.\n" end),
  ["numbered lines"] = numbered(function(i) return ("line %07d %s\n"):format(i, ("x"):rep(87)) end),
  ["paragraphs"] = "a b c.\n\n",
  ["sentences"] = "It is so. ",
  ["other sentences"] = numbered(function(i) return "It is " .. i .. "! " end),
  ["words of one letter"] = "a ",
  ["other words"] = numbered(function(i) return "w" .. i .. " " end),
  ["words that never come back"] = numbered(function(i) return ("%x%x "):format(random(i), random(i * 7)) end),
  ["base64"] = numbered(function(i) return spelled(i, LETTERS .. LETTERS:upper() .. "0123456789+/") end),
  ["what C4 looks for"] = "lorem ipsu javascrip terms of us cookie polic [cit",
  ["marks of bullets"] = "• a...\n- b…\n",
}

---Bytes that are no text.
M.BYTES = {
  ["continuation bytes"] = "\128",
  ["first bytes"] = "\228",
  ["overlong characters"] = "\192\128\224\128\128",
  ["surrogates"] = "\237\160\128",
  ["characters beyond Unicode"] = "\244\144\128\128",
  ["bytes 255"] = "\255",
  ["halves of characters"] = "\228\184",
  ["a character that is cut"] = { "", "中", "\228\184" },
  ["escapes of ISO-2022"] = "\27$B\27(B",
  ["shifts of UTF-7"] = "+-+A",
  ["tildes of HZ"] = "~{~}",
  ["UTF-16"] = { "\255\254", "a\0" },
  ["half surrogates of UTF-16"] = { "\255\254", "\0\216" },
  ["empty members of gzip"] = "\31\139\8\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0",
  ["names of a member of gzip"] = { "\31\139\8\8\0\0\0\0\0\3", "a" },
  ["frames of zstd to be skipped"] = "\80\42\77\24\0\0\0\0",
  ["random bytes"] = numbered(function(i)
    local x = random(i)
    return string.char(math.floor(x / 8388608), math.floor(x / 32768) % 256, math.floor(x / 128) % 256)
  end),
}

---A text of about so many bytes.
---@param text string|string[]|fun(bytes: integer): string of M.TEXTS or M.BYTES
---@param bytes integer
---@return string
function M.build(text, bytes)
  if type(text) == "function" then return text(bytes) end
  if type(text) == "string" then text = { "", text } end
  return text[1] .. text[2]:rep(math.floor(bytes / #text[2])) .. (text[3] or "")
end

---@param texts table
---@return string[] names, sorted
function M.names(texts)
  local list = {}
  for name in pairs(texts) do list[#list + 1] = name end
  table.sort(list)
  return list
end

return M
