-- Tables for people, and the columns of a terminal that texts take.
local columns = require "dm.cli.columns"
local paint = require "dm.trace.paint"

describe("text on a terminal", function()
  it("takes two columns for a wide character and none for one that combines", function()
    for text, n in pairs {
      ["abc"] = 3, ["中文"] = 4, ["한글"] = 4, ["e\204\129"] = 1, ["👍"] = 2, ["नमस्ते"] = 4, ["ﾊ"] = 1,
      ["é—…"] = 3, [""] = 0,
    } do
      assert.equal(n, paint.columns(text), text)
    end
  end)

  it("is cut and filled by columns", function()
    assert.equal("中文...", paint.cut("中文中文", 7))
    assert.equal("中文中文", paint.cut("中文中文", 8))
    assert.equal("e\204\129e\204\129", paint.cut("e\204\129e\204\129", 4))
    assert.equal("a...", paint.cut("abcde", 4))
    assert.equal("中  |", paint.pad("中", 4) .. "|")
    assert.equal("中文|", paint.pad("中文", 3) .. "|")
  end)
end)

describe("a table", function()
  local HEADS = { { "rows", 6 }, { "kept", 6, missed = 1 } }
  local ROWS = { { "清洗@一.lua:12", "1,234,567,890", "7" }, { "short", "1", "12,345,678" } }

  local function show(width)
    local layout, lines = columns.fit(10, HEADS, ROWS, width), {}
    lines[1] = layout:head "name"
    for _, row in ipairs(ROWS) do lines[#lines + 1] = layout:line(row) end
    lines[#lines + 1] = layout:note("before", "1,000")
    return table.concat(lines)
  end

  it("is as wide as what stands in it, where there is room", function()
    local whole = "name                    rows       kept\n"
      .. "清洗@一.lua:12 1,234,567,890          7\n"
      .. "short                      1 12,345,678\n"
      .. "before                 1,000\n"
    assert.equal(whole, show(nil))
    assert.equal(whole, show(39))
  end)

  it("has cells that end in line, whatever they are written in", function()
    local layout = columns.fit(4, HEADS, { { "a", "每秒", "1" } })
    assert.equal("a      每秒      1\n", layout:line { "a", "每秒", "1" })
  end)

  it("leaves out columns and cuts names, where there is none", function()
    assert.equal("name                  rows\n"
      .. "清洗@一.l... 1,234,567,890\n"
      .. "short                    1\n"
      .. "before               1,000\n", show(26))
  end)
end)
