-- TextToWord where the recorded answers end: odd tables, odd text, much of it.
local bytes = require "dm.bytes"
local docx = require "tests.ops.docx"
local registry = require "dm.registry"

local op = registry.get "TextToWord" {}

local function body(s)
  local sample = { text = s }
  op:execute(sample)
  assert.equal("", sample.text)
  assert.equal("docx", sample.target_type)
  return docx.read(bytes.from_base64(sample.data))
end

---The rows of the one table of a line.
local function rows(table_html)
  local list = body("<html>" .. table_html .. "</html>")
  assert.same({ p = "" }, list[1])
  return list[2] and list[2].tbl
end

---A table of rows of cells, as HTML.
local function html(list)
  local lines = {}
  for i, row in ipairs(list) do lines[i] = "<tr><td>" .. table.concat(row, "</td><td>") .. "</td></tr>" end
  return "<table>" .. table.concat(lines) .. "</table>"
end

local function column(...)
  local list = {}
  for i, v in ipairs { ... } do list[i] = { v, "x" .. i } end
  local got = {}
  for i, row in ipairs(rows(html(list))) do got[i] = row[1] end
  return got
end

describe("TextToWord", function()
  it("writes columns as pandas reads them", function()
    assert.same({ "1", "", "7" }, column("1", "0", "007"))
    assert.same({ "1.0", "", "3.0" }, column("1", "", "3"))
    assert.same({ "1.5", "2.0", "1e+16" }, column("1.5", "2", "1e16"))
    assert.same({ "0.1", "1e-05", "" }, column(".1", "0.00001", "0.0"))
    assert.same({ "a", "0", "1" }, column("a", "0", "1"))
    assert.same({ "a", "", "" }, column("a", "N/A", "null"))
    assert.same({ "True", "", "True" }, column("True", "False", "true"))
    assert.same({ "1234", "1234567", "-5" }, column("1,234", "1,234,567", "-5"))
    assert.same({ "1234", "x", "1,,2" }, column("1,234", "x", "1,,2"))
    assert.same({ "", "", "" }, column("", "", ""))
    assert.same({ "12345678901234567890", "1", "2" }, column("12345678901234567890", "1", "2"))
    assert.same({ "12345678901234567890", "NaN", "2" }, column("12345678901234567890", "NaN", "2"))
    assert.same({ "1.2345678901234567e+19", "1.5", "2.0" }, column("12345678901234567890", "1.5", "2"))
    assert.same({ "123456789.12345678" }, column "123456789.123456789")
    assert.same({ "9.223372036854778e+18" }, column "9223372036854775808.0")
    assert.same({ ".5", "1E400" }, column(".5", "1E400"))
    assert.same({ "0", "", "18446744073709551616" }, column("0", "NA", "18446744073709551616"))
    assert.same({ "nAn", "1" }, column("nAn", "1"))
    assert.same({ { "1" } }, rows "<table><tr><td></td></tr><tr><td>1</td></tr></table>")
    assert.same({ { "b" } }, rows "<table><tr><td></td></tr></table><table><tr><td>b</td></tr></table>")
  end)

  it("drops headings", function()
    assert.same({ { "a" }, { "b" } }, rows "<table><tr><th>h</th></tr><tr><td>a</td></tr><tr><td>b</td></tr></table>")
    assert.same({ { "a" } }, rows "<table><thead><tr><td>h</td></tr></thead><tbody><tr><td>a</td></tr></tbody></table>")
    assert.same({ { "h", "a" } }, rows "<table><tr><th>h</th><td>a</td></tr></table>")
    assert.same({}, rows "<table><tr><th>h</th></tr></table>") -- a table without rows, as python-docx writes it
    assert.same({ { "a", "" } },
      rows "<table><thead><tr><th colspan=2>h</th></tr></thead><tr><td>a</td></tr></table>")
    assert.same({ { "h", "a" } }, rows "<table><tr><th colspan>h</th><td>a</td></tr></table>")
    assert.same({ { "a" }, { "f" } },
      rows "<table><tfoot><tr><td>f</td></tr></tfoot><tr><td>a</td></tr></table>")
  end)

  it("puts white space of cells in order, and undoes entities", function()
    assert.same({ { "a b\tc", "1 < 2 & 3" } },
      rows "<table><tr><td> a  <b>b\tc</b> </td><td>1 &lt; 2 &amp; 3</td></tr></table>")
    assert.same({ { "a b", "c" } }, rows "<table><tr><td>a&nbsp;\194\160b</td><td>\r\rc</td></tr></table>")
  end)

  it("fills up short rows", function()
    assert.same({ { "a", "b" }, { "c", "" } }, rows(html { { "a", "b" }, { "c" } }))
  end)

  it("keeps spans in their table", function()
    assert.same({ { "x ", "y" }, { "x ", "z" } },
      rows '<table><tr><td rowspan="9">x</td><td>y</td></tr><tr><td>z</td></tr></table>')
    assert.same({ { "x ", "x " } }, rows '<table><tr><td colspan="2">x</td></tr></table>')
    assert.same({ { "a" } }, rows '<table><tr><td colspan="1">a</td></tr></table>')
    assert.same({ { "a   ", "a   ", "b" }, { "a   ", "a   ", "c" } },
      rows '<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>')
  end)

  it("merges what a row has too little into its last cell, unless that is its first", function()
    local two = "<table><tr><td rowspan=2>a</td><td>b</td></tr><tr><td>c</td><td>d</td><td>e</td></tr>"
    assert.same({ { "a ", "b ", "b " }, { "a ", "c", "d" }, { "f", "", "" } },
      rows(two .. "<tr><td>f</td></tr></table>"))
  end)

  it("takes all tables of a line together when a cell spans places", function()
    assert.same({ { "ab ", "ab " }, { "c", "" } }, rows(
      "<table><tr><td colspan=2> a<br> b</td></tr></table><table><tr><td>c</td></tr></table>"))
  end)

  it("leaves spans as they are that make no rectangle", function()
    assert.same({ { "x ", "y" }, { "x ", "z z" } }, rows(
      "<table><tr><td rowspan=2>x</td><td>y</td></tr><tr><td colspan=1>z z</td></tr></table>"))
  end)

  it("lets cells of th span places where no td does", function()
    assert.same({ { "<b>", "", "a b", "a b", "x" }, { "", "c", "a b", "a b", "y" } }, rows(
      "<table><tr><td>&lt;b&gt;<td>NA<th colspan=2 rowspan=2>a  b<td>x</tr><tr><td>nan<td>c<td>y</tr></table>"))
  end)

  it("leaves out tables that can not be", function()
    for _, s in ipairs { '<td colspan="1000000000">', '<td rowspan="x">', "", "<td" } do
      assert.is_nil(rows("<table><tr>" .. s .. "</tr></table>"))
    end
    assert.is_nil(rows("<table>" .. ('<tr><td colspan="90000">'):rep(3) .. "</table>"))
  end)

  it("takes tables inside tables for text", function()
    assert.same({ { "a in", "b" } },
      rows "<table><tr><td>a <table><tr><td>in</td></tr></table></td><td>b</td></tr></table>")
  end)

  it("leaves out what XML can not hold, with what follows in the line", function()
    assert.same({ { p = "a\t" }, { p = "d" } }, body "a\tb\1c\td\nd")
    assert.same({ { p = "" } }, body "\239\191\190")
    assert.same({ { p = "\127 \238\128\128" } }, body "\127 \238\128\128")
    assert.same({ { p = "<&>\"'" } }, body "<&>\"'")
  end)

  it("finds lines of HTML among others", function()
    local line, t = "<html>x</html>", { p = "" }
    assert.same({ t, t, { p = "a" }, t }, body(line .. "\n\na\n" .. line))
    assert.same({ { p = "" }, t, { p = "" } }, body("\n" .. line .. "\n"))
    assert.same({ { p = "<html>" }, { p = line .. " " }, t }, body("<html>\n" .. line .. " \n" .. line))
  end)

  it("holds much of anything", function()
    local large = { ("x"):rep(2e6), ("\n"):rep(1e5), ("\t"):rep(1.5e5), ("<html>"):rep(1.5e5) .. "</html>",
      "<html>" .. ("<table><tr><td>"):rep(1e4) .. "</html>", "<html><table>" .. ("<tr><td>1"):rep(5e4) .. "</html>",
      "<html><table><tr>" .. ("<td>1"):rep(1e5) .. "</html>", "<html><table><tr><td>" .. ("1,"):rep(5e5) .. "</html>" }
    for i, s in ipairs(large) do
      local sample = { text = s }
      op:execute(sample)
      assert.equal("PK\3\4", bytes.from_base64(sample.data):sub(1, 4), "case " .. i)
    end
  end)
end)
