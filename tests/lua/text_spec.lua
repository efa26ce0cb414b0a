-- Verbs of dm.text that no vector goes through directly.
local json = require "dm.json"
local t = require "tests.support"
local text = require "dm.text"

---A code point as UTF-8.
local function utf8(c)
  if c < 0x80 then return string.char(c) end
  local tail, lead = "", c < 0x800 and 0xC0 or c < 0x10000 and 0xE0 or 0xF0
  for _ = 1, lead == 0xC0 and 1 or lead == 0xE0 and 2 or 3 do
    tail, c = string.char(0x80 + c % 64) .. tail, math.floor(c / 64)
  end
  return string.char(lead + c) .. tail
end

describe("dm.text.lower", function()
  it("is Python's str.lower for every code point", function()
    local lowered = json.decode(t.read "tests/ops/vectors/datajuicer_assets/py_lower.json")
    for block = 0, 0x1FF00, 0x100 do
      local from, to = {}, {}
      for c = block, block + 0xFF do
        local surrogate = c >= 0xD800 and c < 0xE000
        from[#from + 1] = surrogate and "" or utf8(c)
        to[#to + 1] = surrogate and "" or lowered[("%x"):format(c)] or utf8(c)
      end
      assert.equal(table.concat(to, "\n"), text.lower(table.concat(from, "\n")))
    end
  end)
  it("knows where a sigma ends a word", function()
    for from, to in pairs { ["ΣΑΣ"] = "σας", ["ΑΣ."] = "ας.", ["ΑΣΑ"] = "ασα", ["Σ"] = "σ", ["Α.Σ"] = "α.ς",
      ["ΑΣ.Α"] = "ασ.α" } do
      assert.equal(to, text.lower(from))
    end
  end)
end)

describe("dm.text.words", function()
  local set = text.words { "fox", "hot dog", "é", "", "fox" }
  it("counts the words of a text that are in it, of how many", function()
    assert.same({ 2, 4 }, { set:count "The FOX, the (fox)!" })
    assert.same({ 1, 1 }, { set:count "É" })
    assert.same({ 0, 0 }, { set:count "" })
    assert.same({ 0, 2 }, { set:count "hot dog" })
  end)
  it("puts another text in the place of those that are in it", function()
    assert.equal("The _, the\t(_)!\n Foxy *_* _", set:replace("The FOX, the\t(fox)!\n Foxy *É* é", "_"))
    assert.equal("«»,  hot dog\0", set:replace("«É»,  hot dog\0", ""))
    assert.equal("", set:replace("", "x"))
  end)
  it("counts runs of words", function()
    assert.same({ 1, 2 }, { set:count_groups("a hot dog", 2, " ") })
    assert.same({ 1, 2 }, { set:count_groups("f x y", 2, "o") })
    assert.same({ 0, 0 }, { set:count_groups("hot dog", 3) })
  end)
  it("does not put words together that are longer than any of the set", function()
    local long = text.words { ("a"):rep(4e4) }
    assert.same({ 0, 2e6 }, { long:count_groups(("a "):rep(4e6 - 1), 2e6) }) -- together they would be 4 TB
    assert.same({ 1, 1 }, { long:count_groups(("a "):rep(4e4), 4e4) })
  end)
  it("finds one after the other", function()
    assert.same({ 2, "fox" }, { set:find "a FOX b é" })
    assert.same({ 4, "é" }, { set:find("a FOX b é", 3) })
    assert.is_nil(set:find("a FOX b é", 5))
    assert.is_nil(set:find "")
  end)
  it("holds many", function()
    local list = {}
    for i = 1, 20000 do list[i] = "w" .. tostring(i):gsub("%d", function(d) return utf8(d + 97) end) end
    local many = text.words(list)
    assert.same({ 20000, 20000 }, { many:count(table.concat(list, " ")) })
    assert.same({ 0, 3 }, { many:count "wa wcaaab w" })
  end)
end)

describe("a pattern, or a set of words", function()
  it("raises when a method of it is called with a dot", function()
    local pattern, words = text.regex "a", text.words { "a" }
    for _, name in ipairs { "gmatch", "spans", "groups" } do
      assert.error_matches(function() pattern[name] "a text" end, name .. " is a method of a pattern: pattern:" .. name)
    end
    for _, name in ipairs { "count", "find", "count_groups" } do
      assert.error_matches(function() words[name] "a text" end, name .. " is a method of words: words:" .. name)
    end
  end)
end)
