-- Data-Juicer's mappers beyond the recorded answers: edge cases, each with what Data-Juicer's own code makes of them,
-- and texts on which its patterns take quadratic time.
local registry = require "dm.registry"
local sample = require "dm.sample"
local text = require "dm.text"

local null = sample.null

---Runs an operator on a plain table; a slicer's answer is the list of its texts.
local function run(name, params, s)
  local op = assert(registry.get(name))(params)
  if op.kind ~= "slicer" then
    local row = { text = s }
    return (op:execute(row) or row).text
  end
  local list = {}
  for i, child in ipairs(op:slice(sample.sample { text = s })) do list[i] = child.text end
  return list
end

-- operator -> cases { text, result, parameters }
local CASES = {
  clean_copyright_mapper = {
    { "", "" },
    { "/*/ copyright */x", "x" },
    { "a/* one */b/* copyright */", "a/* one */b/* copyright */" },
    { "# note\n/* open copyright", "/* open copyright" },
    { "/* COPYR\196\176GHT **/x", "x" },
    { "//a\n--b\n#c\n\n", "" },
    { "-\n-a", "-\n-a" },
  },
  punctuation_normalization_mapper = {
    { "", "" },
    { "‘a’—１．", "‘a' - \". " },
    { "\239\188\140\239\188\141", ",－" },
  },
  clean_ip_mapper = {
    { "1.2.3.4.5", ".5" },
    { "999.1.1.1 0.0.0.0 01.2.3.4 1.2.3", "9  0 1.2.3" },
    { "256.256.256.256", "256.256.256.256" },
    { "12.34.56.789", "9" },
    { "a1:2:3:4:5:6:7:8z", "z" },
    { "१:2:3:4:5:6:7:8", "" },
    { "x 1:2:3:4:5:6:7:8", "x [7:|1:2:3:4:5:6:7:8]", { repl = "[\\1|\\g<0>]" } },
    { "1.1.1.1", "[]", { repl = "[\\1]" } },
    { "ip 1.1.1.1", "ip 1.1.1.1", { pattern = "r'\\d{9}'" } },
  },
  remove_bibliography_mapper = {
    { "a\\bibliography{x", "a\\bibliography{x" },
    { "a\\bibliographystyle{x} \\appendixes b", "a\\bibliographystyle{x} " },
    { "\\begin{References}", "\\begin{References}" },
  },
  remove_comments_mapper = {
    { "%", "" },
    { "a%", "a%" },
    { "a%%", "" },
    { "é%x", "" },
    { "a\\%b", "a\\%b" },
    { "x%1\n%2\ny", "\ny" },
    { "\\\\%b", "\\\\%b" },
    { "%a\n\n%b", "\n", { inline = false } },
    { "%a\nb", "%a\nb", { inline = true, multiline = false } },
  },
  remove_header_mapper = {
    { "a\\section{b}c", "\\section{b}c" },
    { "a\\section[b]c{d}", "a\\section[b]c{d}" },
    { "a\\section[b{]{d}", "\\section[b{]{d}" },
    { "a\\sections{b}\\part*[s]{t}", "\\part*[s]{t}" },
    { "a\\paragraph{b} \\subparagraph{c}", "a\\paragraph{b} \\subparagraph{c}" },
    { "a\\paragraph{b}\\subparagraph{c}", "\\paragraph{b}\\subparagraph{c}" },
    { "a\\paragraph[x]{b}y}\\subparagraph*[z]{c}", "\\paragraph[x]{b}y}\\subparagraph*[z]{c}" },
    { "none", "none", { drop_no_head = true } },
  },
  remove_long_words_mapper = {
    { "a  bc", "a bc", { min_len = 0 } },
    { "a, bc", "", { max_len = -1 } },
    { " a  b\t\tc \n\n d ", "a b\tc\nd" },
    { "(abc) é数据", "(abc) é数据", { min_len = 3, max_len = 3 } },
    { "ab\ncd\t(e)", "", { min_len = 3, max_len = 2 } },
    { "\u{3000}a\rb", "\u{3000}a\rb" },
  },
  remove_words_with_incorrect_substrings_mapper = {
    { "http a//b .com. x.com", ".com." },
    { "a b\tc\n", "a b\tc", { substrings = {} } },
    { "a b", "", { substrings = { "" } } },
    { "a b", "a b", { substrings = { " " } } },
    { "http x", "x", { substrings = null } },
  },
  remove_non_chinese_character_mapper = {
    { "一龥龦\n\t a.A0é？?", "一龥 a.A0？" },
    { "", "" },
  },
  remove_specific_chars_mapper = {
    { "a◆|b", "ab" },
    { "a|", "|", { chars_to_remove = "a" } },
    { "a-c", "-", { chars_to_remove = { "a-c" } } },
    { "^ab|", "a|", { chars_to_remove = { "^", "a" } } },
    { "abc", "abc", { chars_to_remove = "" } },
    { "abc", "abc", { chars_to_remove = null } },
  },
  remove_table_text_mapper = {
    { "a b\na b\n", "a b\na b\n" },
    { "\na b\na b\n", "\n" },
    { "\na b\na b", "\na b\na b" },
    { "\na  b\nc d\n", "\na  b\nc d\n" },
    { "\na|b\n\n\nc d\nx", "\nx" },
    { "\na|b|c\nd e f\n", "\na|b|c\nd e f\n", { min_col = 2, max_col = 2 } },
    { "\na b\r\nc d\r\n", "\na b\r\nc d\r\n" },
    { "\na b c\nd e\nf g\nh i j\n", "\n" },
  },
  remove_repeat_sentences_mapper = {
    { "ab.cd.ab.cd.", "ab.cd." },
    { "a.b.a.b.", "a.b.a.b." },
    { "hi.\nhi.\nhi", "hi.\n\n" },
    { "a. a. a.", "a. a. a." },
    { "嗯。嗯。好的。好的。", "嗯。嗯。好的。" },
    { "“你好。”“你好。”", "“你好。”" },
    { "ab……ab……", "ab……" },
    { "Ab!ab!", "Ab!", { lowercase = true } },
    { "ab! ab?", "ab! ab?", { ignore_special_character = false } },
  },
  expand_macro_mapper = {
    { "\\def\\a{x}\n\\a\\a\\a ", "\\defx{x}\nx\\ax " },
    { "\\newcommand{\\a}{x} y\n\\a ", "\\newcommand{\\a}{x} y\n\\a " },
    { "\\newcommand*{\\a}{b}c}\n\\a", "\\newcommand*{b}c}{b}c}\n\\a" },
    { "\\def\\b{x}\n\\def\\a{\\b}\n\\a.", "\\defx{x}\n\\def\\b{x}\n\\b." },
    { "\\def\\a{\\b}\n\\def\\b{x}\n\\a.", "\\defx{x}\n\\defx{x}\nx." },
    { "\\def\\bx{Y}\n\\def\\a{x}\n\\b\\a .", "\\defY{Y}\n\\defx{x}\n\\bx ." },
    { "\\def\\a{x}\n\\def\\bx{Y}\n\\b\\a .", "\\defx{x}\n\\defY{Y}\nY ." },
    { "\\def\\a{1}\n\\def\\a{\\2}\n\\a.", "\\def\\2{1}\n\\def\\2{\\2}\n\\2." },
  },
  chinese_convert_mapper = {
    { "激光 筆記本電腦", "雷射 筆記型電腦", { mode = "s2twp" } },
    { "雷射", "激光", { mode = "tw2sp" } },
    { "莊冰", "荘氷", { mode = "t2jp" } },
  },
  replace_content_mapper = {
    { "a\nb", "-", { pattern = "a.b", repl = "-" } },
    { "ab", "ab", { pattern = null } },
    { "aabb", "xxyy", { pattern = { "a", "b" }, repl = { "x", "y" } } },
    { "ab", "A\u{E9}\0(ab)", { pattern = "ab", repl = "\\x41\\u00e9\\0(\\g<0>)" } },
    { "a\n", "-a\n-", { pattern = "(?m)^", repl = "-" } },
    { "ab", "\n2S8", { pattern = "(a)b", repl = "\\0122\\1238" } },
  },
  text_chunk_mapper = {
    { "", {} },
    { " \n\n ", {} },
    { "", { "" }, { max_len = 3, split_pattern = null } },
    { "数据清洗", { "数据清", "据清洗", "清洗", "洗" }, { max_len = 3, overlap_len = 2, split_pattern = null } },
    { "a-b-c", { "a", "-", "b", "-", "c" }, { split_pattern = "-" } },
    { "ab cd", { "ab", "cd" }, { split_pattern = " ", max_len = 4 } },
    { "abcd", { "abc", "cd" }, { split_pattern = " ", max_len = 3, overlap_len = 1 } },
    { "ab ", { "ab", " " }, { split_pattern = " ", max_len = 2 } },
  },
  fix_unicode_mapper = {
    { "", "" },
    { "&lt;b&gt;\n<i>\n&amp;", "<b>\n<i>\n&amp;" },
    { "&EACUTE;&#59;&#x2019;&bogus;", "É&#59;'&bogus;" },
    { "caf\195\131\194\169 caf\195\169", "café café" },
    { "â€œquotesâ€\239\191\189", '"quotes\239\191\189' },
    { "\27[31mred\27[0m\7\239\187\191", "red" },
    { "a\r\nb\rc\226\128\168d", "a\nb\nc\nd" },
    { "e\204\129", "é" },
    { "é", "e\204\129", { normalization = "nfd" } },
    { "ＬＯＵＤ　ﬁ", "LOUD fi", { normalization = null } },
    { "\195\128 la mode", "À la mode" },
  },
  clean_html_mapper = {
    { "", "" },
    { "a <b", "a b" },
    { "a <b ", "a " },
    { "<p>a <", "" },
    { "a <", "a <" },
    { "<p>a</>b", "a</>b" },
    { "a<td\0>b<th\0c>d", "abd" },
    { "<xmp>&amp;</b></xmp><xmp>&amp;</xmp>", "&</b>&amp;" },
    { "<p><frameset>a", "" },
    { "<p> </><frameset>a", " </>" },
    { " </><p>a</><p>b", "a</>b" },
    { "<p>a<table><tr><td>b</tr></>&#32;</table>", "a</> b" },
    { "<p>a<table><tr><td>b</tr></></table>", "ab</>" },
    { "<p><xmp>&amp;</b</xmp><xmp>&amp;</b1></xmp><xmp>&amp;</b </xmp>", "&amp;</b&amp;</b1>&</b " },
    { "<hr><frameset>a", "a" },
    { "a < b &amp; &ampx &#x80;", "a < b & &x €" },
    { "<title>t</title> <p>x<!-- c --><script>1<2</script>y", "x1<2y" },
    { "a<table> <tr>b<td>c</td></tr></table>d", "ab cd" },
    { "<textarea>\nx<b></textarea>", "x<b>" },
    { "<pre>\n\nx<pre></b>\ny", "\nx\ny" },
    { "<p>z<title>a</b>c</q", "z" },
    { "<p>z<title>a</b1>c</q", "za</b1>c</q" },
    { "<ol><o</li>l>", "*\n*" },
  },
}

describe("Data-Juicer's mappers", function()
  for name, cases in pairs(CASES) do
    it(name .. " answers as the peer", function()
      for i, case in ipairs(cases) do
        assert.same(case[2], run(name, case[3], case[1]), "case " .. i)
      end
    end)
  end

  it("reject parameters that can not work", function()
    local function wrong(name, params, pattern)
      local ok, message = pcall(run, name, params, "text")
      assert.is_false(ok)
      assert.truthy(tostring(message):find(pattern, 1, true), message)
    end
    wrong("text_chunk_mapper", { split_pattern = null }, "needs max_len or split_pattern")
    wrong("text_chunk_mapper", { max_len = 2, overlap_len = 2 }, "less than max_len")
    wrong("text_chunk_mapper", { tokenizer = "gpt" }, "tokenizer")
    wrong("text_chunk_mapper", { split_pattern = "^", max_len = 2 }, "no chunk would end")
    wrong("replace_content_mapper", { pattern = { "a", "b" }, repl = { "x" } }, "no repl for pattern 2")
    wrong("replace_content_mapper", { pattern = "a", repl = "\\1" }, "no group 1")
    for _, name in ipairs { "clean_email_mapper", "clean_ip_mapper", "clean_links_mapper" } do
      local ok, message = pcall(registry.get(name), { repl = "\\7" })
      assert.is_false(ok)
      assert.truthy(tostring(message):find("no group 7", 1, true), message)
    end
    wrong("fix_unicode_mapper", { normalization = "NFX" }, 'not "NFX"')
    wrong("remove_table_text_mapper", { min_col = 1 }, "at least 2")
    wrong("remove_words_with_incorrect_substrings_mapper", { tokenization = true }, "tokenization")
  end)

  it("extract tables, nested ones twice, and leave a field that is there", function()
    local class = registry.get "extract_tables_from_html_mapper"
    local html = "<TABLE><tr><td> a<table><tr><td>b</table></td></tr><tr><th>h</table>"
    local function extract(params, row)
      class(params):execute(row)
      return sample.totable(row).__dj__meta__.html_tables
    end
    assert.same({ { { "ab" }, { "b" }, { "h" } }, { { "b" } } }, extract({}, { text = html }))
    assert.same({ { { "ab" }, { "b" } }, { { "b" } } }, extract({ include_header = false }, { text = html }))
    local function cell(s) return extract({}, { text = "<table><tr><td>" .. s .. "</td></tr></table>" })[1][1][1] end
    assert.same("abc", cell "a<![CDATA[ b ]]> c")
    assert.same("&foo © &copyx &#65f; Ax<", cell "&foo; &copy &copyx &#65f; &#65;x<")
    assert.same("<!-- a", extract({}, { text = "<table><tr><td><!-- a" })[1][1][1])
    assert.same({ "<table><!DOCTYPE html>\n</table>" }, extract({ retain_html_tags = true },
      { text = "<table><!doctype html></>" }))
    assert.same({ "x" }, extract({}, { text = html, __dj__meta__ = { html_tables = { "x" } } }))
    assert.same({ '<table a="1" b=\'"\' class="c d">\n<tr><td>x &lt; y<br/></td></tr></table>' },
      extract({ retain_html_tags = true },
        { text = "<p><Table A=1 b='\"' class=' c  d '>\n  <tr><td>x &lt; y<br></table>" }))
    local function markup(s) return extract({ retain_html_tags = true }, { text = s })[1] end
    for s, wanted in pairs { -- as Beautiful Soup 4.15 has them over the html.parser of Python 3.11
      ['<table b="1" A=2 b="3" rel="a  b"><a rel=" c  d">'] = '<table a="2" b="3" rel="a  b"><a rel="c d"></a></table>',
      ["<table><META charset=latin1 Name=x>"] = '<table><meta charset="utf-8" name="x"/></table>',
      ["<table><a charset=b>"] = '<table><a charset="b"></a></table>',
      ["<table><p>a</ p>b</ p c></table>"] = "<table><p>a</p>b<!-- p c--></table>",
      ['<table></td x="a>b">c</table>'] = '<table>b"&gt;c</table>',
      ["<table><script>a</script x>b</table>"] = "<table><script></script></table>",
      ["<table><style> </b></STYLE\n>c"] = "<table><style> </b></style>c</table>",
      ["<table><script> \n </script>"] = "<table><script>\n</script></table>",
      ["<table><![CDATA[a>b]]><![CDATA[c>"] = "<table><![CDATA[a>b]]>&lt;![CDATA[c&gt;</table>",
      ["<table><!----><!-- a -- ><?x?><!>"] = "<table><!-- --><!-- a --><?x?><!-- --></table>",
      ["<table><![if x]>a<![endif]>"] = "<table><?if x?>a<?endif?></table>",
      ["<table>a<b title='&lt;"] = "<table>a&lt;b title='&lt;</table>",
      ["<table>a<b &lt;<i"] = "<table>a&lt;b &amp;lt;&lt;i</table>",
      ["<table>&#x;<i>&lt;&#65f;</i>&lt;"] = "<table>&amp;#x;<i>&lt;&amp;#65f;&lt;/i&gt;&amp;lt;</i></table>",
      ["<table>&#65<i>&lt;"] = "<table>A<i>&lt;</i></table>",
      ["<table>&#<i>b"] = "<table>&amp;#&lt;i&gt;b</table>",
      ["<table>&lt;<i>&lt"] = "<table>&lt;<i>&amp;lt</i></table>",
    } do
      assert.equal(wanted, markup(s))
    end
    assert.equal('{"text":"none","__dj__meta__":{"html_tables":[]}}',
      tostring((function()
        local row = sample.sample { text = "none" }
        class {}:execute(row)
        return row
      end)()))
  end)
end)

describe("dm.text.normalize", function()
  it("knows the four forms", function()
    assert.equal("é가", text.normalize("e\204\129\225\132\128\225\133\161", "NFC"))
    assert.equal("e\204\129\225\132\128\225\133\161", text.normalize("é가", "NFD"))
    assert.equal("fi5", text.normalize("ﬁ⁵", "NFKC"))
    assert.equal("e\204\129i", text.normalize("éⅰ", "NFKD"))
    assert.equal("数据 abc", text.normalize("数据 abc", "NFKD"))
  end)
  it("orders marks, and composes what no other blocks", function()
    assert.equal("a\204\163\204\129", text.normalize("a\204\129\204\163", "NFD"))
    assert.equal("ạ\204\129", text.normalize("a\204\129\204\163", "NFC"))
    local marks = ("\204\129\204\163"):rep(40)
    assert.equal("a" .. ("\204\163"):rep(40) .. ("\204\129"):rep(40), text.normalize("a" .. marks, "NFD"))
  end)
  it("refuses other names", function()
    assert.has_error(function() text.normalize("a", "nfc") end)
  end)
end)

describe("python_regex", function()
  local python_regex = require "dm.python.regex"
  it("tells the words and spaces of regex and re apart", function()
    local function finds(pattern, s, module) return python_regex.compile(pattern, "", module):find(s) ~= nil end
    assert.is_false(finds("\\w", "²"))
    assert.is_true(finds("\\w", "²", "re"))
    assert.is_true(finds("^\\w$", "\204\129"))
    assert.is_false(finds("\\w", "\204\129", "re"))
    assert.is_false(finds("\\s", "\28"))
    assert.is_true(finds("[\\s]", "\28", "re"))
    assert.is_false(finds("\\S", "\28", "re"))
  end)
  it("takes brackets for what Python takes them for", function()
    local function all(pattern, s) return python_regex.compile(pattern):replace(s, "") end
    assert.equal("x", all("[.-/.]", ".x/"))
    assert.equal("x", all("[:a:]", ":xa"))
    assert.equal("x", all("[]a]", "]xa"))
    assert.equal("x", all("[[a]", "[xa"))
    assert.equal("1\n", all("[[:alpha:]-]", "a1ǅ-\n"))
    assert.equal("x", python_regex.compile("[[:a]+", "", "re"):replace("[:xa", ""))
    assert.equal("a_é\204\129", all("[\\W]", "a _é,\204\129"))
    assert.equal("_1", all("[^\\W\\d_]", "a_é1\204\129"))
    assert.equal("", all("[\\s\\S]", "a \n\28é"))
    assert.equal(",", all("[\\w\\S](?<!,)", "a,"))
    assert.equal("٣", all("[[:digit:][:alnum:]]", "1a٣"))
    assert.equal("a", all("[[:punct:]]", "a!😀€，"))
    assert.equal("\n\f", all("[\\v]", "\n\v\f"))
  end)
  it("takes escapes, braces and flags for what Python takes them for", function()
    local function marked(pattern, s, module)
      return python_regex.compile(pattern, "", module):replace(s, "<\\g<0>>")
    end
    assert.equal("\n<\v>\f", marked("\\v", "\n\v\f", "re"))
    assert.equal("<ab><aab>", marked("a{,2}b", "abaab"))
    assert.equal("<aaab>", marked("a{,}b", "aaab", "re"))
    assert.equal("<a{,x}>", marked("a{,x}", "a{,x}"))
    assert.equal("<>a,<>1 ", marked("\\m", "a,1 "))
    assert.equal("a<>,", marked("\\M", "a,"))
    assert.equal("<é>", marked("(?iu)É", "é"))
    assert.equal("<a><B>1", marked("(?i)\\p{Lu}", "aB1"))
    assert.equal("<a><B>1", marked("(?i)[[:lower:]]", "aB1"))
    assert.equal("a<B>", marked("\\p{Lu}", "aB"))
    assert.equal("<{e<=1}>", marked("{e<=1}", "{e<=1}", "re"))
    for _, limits in ipairs { "{e}", "{e<=1}", "{1<=i<=3,d}", "{2i+1d<=4}" } do
      assert.has_error(function() python_regex.compile("(?:foo)" .. limits) end,
        ('pattern "(?:foo)%s": %s asks for fuzzy matching, which is not here'):format(limits, limits))
    end
    assert.equal("<id{id}>", marked("id{id}", "id{id}"))
  end)
  it("takes what Python takes for an i where case does not matter", function()
    local function all(pattern, s, module) return python_regex.compile(pattern, "", module):replace(s, "") end
    assert.equal("aı", all("(?i)i", "iIİaı"))
    assert.equal("a", all("(?i)i", "iIİaı", "re"))
    assert.equal("1ı", all("(?i)[a-z]+", "1xİı"))
    assert.equal("xİ", all("(?i)[^a-z]+", "1xİı"))
    assert.equal(" /;^`,", all("(?i)[\\w.-]+", "a-b.c /;^`,"))
    assert.equal(" /;", all("(?i)[a-z0-9_.+-]+", "i-b.c /;"))
    assert.equal("1", all("(?i)\\p{Alphabetic}+", "ab1"))
    assert.equal("b", all("(?i)(?P<id>i)x(?&id)(?P=id)", "iXIib"))
    assert.equal("c", all("(?i)(?P<id>i)?x(?(id)i|b)", "ixIxbc"))
    assert.equal("Bİ", all("(?i:b)i", "biBiBİ"))
    assert.equal("İbİ", all("(?P<i>i)(?i:b)(?P=i)", "iBiİbİ"))
    assert.equal("İ", all("(?i)(?-i:i)", "iİ"))
  end)
  it("wants flags at the start of a pattern of re, as Python does", function()
    assert.has_error(function() registry.get "text_chunk_mapper" { split_pattern = "(?i)a" } end,
      'pattern "((?i)a)": (?i) may only stand at the start; (?i:...) may stand anywhere')
    assert.same({ "1", "2" }, run("text_chunk_mapper", { split_pattern = "(?i)a", max_len = 2 }, "1A2"))
  end)
  it("takes the name of a script for the script", function()
    assert.equal("。ー", python_regex.compile("\\p{Han}"):replace("中。ー", ""))
    assert.equal("中", python_regex.compile("\\P{Han}+"):replace("中。a", ""))
  end)
end)

describe("hostile texts", function()
  local BYTES = 1e6
  local function fill(s) return s:rep(math.floor(BYTES / #s)) end

  ---They take hundredths of a second; what is quadratic takes longer than a spec may.
  local function quick(name, s, params)
    local op = registry.get(name)(params or {})
    local ok, message = pcall(function()
      if op.kind == "slicer" then return op:chunks(s) end
      return op:execute { text = s }
    end)
    return ok, message
  end

  local function macros()
    local t = {}
    for i = 1, 6e4 do t[i] = ("\\def\\a%d{x}\n"):format(i) end
    for i = 1, 3e5 do t[#t + 1] = "\\a" .. i % 6e4 end
    return table.concat(t)
  end

  local TEXTS = {
    clean_copyright_mapper = { "/*", "/*copyr", "\n", "#\n" },
    punctuation_normalization_mapper = { "，", "…", "a" },
    clean_ip_mapper = { "1.", "1:", "1.1.1.256 ", "9" },
    remove_bibliography_mapper = { "\\bibliography{", "\\begin{" },
    remove_comments_mapper = { "%", "\n%", "\\%", "a%\n" },
    remove_header_mapper = { "\\section[", "\\section{", "\\paragraph{}\\subparagraph[", "]{" },
    remove_long_words_mapper = { "a", "* ", "\n" },
    remove_words_with_incorrect_substrings_mapper = { "a", "http", "ht ", "/ " },
    remove_non_chinese_character_mapper = { "é", "数" },
    remove_specific_chars_mapper = { "◆", "a" },
    remove_table_text_mapper = { "\na b", "|", "a|", "a b c\n" },
    remove_repeat_sentences_mapper = { ".", "…", "a.”", "One. " },
    expand_macro_mapper = { "\\newcommand{\\a}{", "\\def ", "\\def\\a{\\a}\n" },
    text_chunk_mapper = { "\n", "a", "\n\na" },
    fix_unicode_mapper = { "\204\129\204\163", "Ã©", "â€", "&amp;amp;", "\27[", "\194\129", "Ã ", "é\n" },
    clean_html_mapper = { "<div>", "</div>", "<table>", "<table><tr><td>a", "<svg><desc>", "<!--", "<a b='", "&" },
    extract_tables_from_html_mapper = { "<table>", "<div>", "<b ", "&#", "&#;", "&a", "</td>", "<td>", "<tr><td>a",
      "</ ", "<script></ ", "<!-- ", "<![CDATA[>", "<![if" },
  }
  for name, list in pairs(TEXTS) do
    it("take " .. name .. " linear time", function()
      for _, s in ipairs(list) do
        local ok, message = quick(name, fill(s))
        assert.is_true(ok, message)
      end
    end)
  end
  it("with many macros take linear time", function()
    assert.is_true(quick("expand_macro_mapper", macros()))
  end)
  it("whose macros double at every step are refused", function()
    local t = {}
    for i = 1, 60 do t[i] = ("\\def\\x%d{{\\x%d}{\\x%d}}\n"):format(i, i + 1, i + 1) end
    local ok, message = quick("expand_macro_mapper", table.concat(t))
    assert.is_false(ok)
    assert.truthy(message:find "too much text")
  end)
  it("whose tables nest without end are refused", function()
    local ok, message = quick("extract_tables_from_html_mapper", fill "<table><tr><td>a")
    assert.is_false(ok)
    assert.truthy(message:find "too many cells")
  end)
end)
