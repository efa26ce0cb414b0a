-- What changed between two texts, word by word.
local diff = require "dm.trace.diff"

local function shown(before, after)
  local parts = {}
  for i, s in ipairs(diff.words(before, after)) do
    parts[i] = s.kind == "=" and s.text or s.kind == "-" and "[-" .. s.text .. "-]" or "{+" .. s.text .. "+}"
  end
  return table.concat(parts)
end

---Both texts, put together again from their stretches.
local function sides(before, after)
  local a, b = {}, {}
  for _, s in ipairs(diff.words(before, after)) do
    if s.kind ~= "+" then a[#a + 1] = s.text end
    if s.kind ~= "-" then b[#b + 1] = s.text end
  end
  return table.concat(a), table.concat(b)
end

describe("the difference of two texts", function()
  it("is nothing where they are the same", function()
    assert.equal("a b", shown("a b", "a b"))
    assert.equal("", shown("", ""))
  end)
  it("is told in words", function()
    assert.equal("see [-http-]{+HTTP+} now", shown("see http now", "see HTTP now"))
    assert.equal("{+all+}", shown("", "all"))
    assert.equal("[-all-]", shown("all", ""))
  end)
  it("keeps single blanks apart", function()
    assert.equal("a[- -] b", shown("a  b", "a b"):gsub("a %[%- %-%]b", "a[- -] b"))
  end)
  it("takes ideographs one by one and other letters as words", function()
    assert.equal("数[-据-]{+字+}清洗", shown("数据清洗", "数字清洗"))
    assert.equal("[-größer-]{+großer+} Tag", shown("größer Tag", "großer Tag"))
    assert.equal("Съешь [-ещё-]{+еще+} булок", shown("Съешь ещё булок", "Съешь еще булок"))
  end)
  it("has both texts in it, whatever they are", function()
    local x = 1
    local function random(n)
      x = (x * 1103515245 + 12345) % 2147483648
      return math.floor(x / 65536) % n
    end
    local words = { "a", "b", " ", "  ", "数", "é", "\n", "😀", "-", "ab" }
    for _ = 1, 500 do
      local a, b = {}, {}
      for i = 1, random(12) do a[i] = words[random(#words) + 1] end
      for i = 1, random(12) do b[i] = words[random(#words) + 1] end
      local before, after = table.concat(a), table.concat(b)
      local p, q = sides(before, after)
      assert.equal(before, p)
      assert.equal(after, q)
    end
  end)
  it("has them also of bytes that are not UTF-8, and of texts that have nothing in common", function()
    local p, q = sides("a\xff\xc3b\xe4\xb8", "a\xfe b\xf0")
    assert.equal("a\xff\xc3b\xe4\xb8", p)
    assert.equal("a\xfe b\xf0", q)
    local long, other = ("a b "):rep(3000), ("c d "):rep(3000)
    p, q = sides(long, other)
    assert.equal(long, p)
    assert.equal(other, q)
  end)
end)
