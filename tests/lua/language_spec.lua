-- The language of a text: what is read of a long one, and texts that CLD2 must not see as they are.
local text = require "dm.text"

describe("the language of a long text", function()
  local WORDS = {
    de = "der schnelle braune Fuchs springt über den faulen Hund und niemand sieht es weil alle lange schlafen gingen",
    en = "the quick brown fox jumps over the lazy dog and nobody sees it because everyone went to sleep long ago",
    el = "η γρήγορη καφέ αλεπού πηδά πάνω από το τεμπέλικο σκυλί και κανείς δεν το βλέπει γιατί όλοι κοιμούνται",
  }

  ---So many bytes, or a few more, of words of a language.
  local function prose(code, bytes)
    local words, list, size, random = {}, {}, 0, bytes
    for word in WORDS[code]:gmatch "%S+" do words[#words + 1] = word end
    while size < bytes do
      random = random * 1103515245 % 2147483648
      list[#list + 1] = words[math.floor(random / 65536) % #words + 1] .. " "
      size = size + #list[#list]
    end
    return table.concat(list)
  end

  ---That the text is in this language, with a share that is about this.
  local function assert_mix(code, share, s)
    local found, score = text.language(s)
    assert.equal(code, found)
    assert.is_true(math.abs(score - share) < 0.15, score)
  end

  it("is told from all over it", function()
    assert_mix("de", 0.98, prose("de", 50000))
    assert_mix("de", 0.7, prose("de", 35000) .. prose("en", 15000))
    assert_mix("de", 0.7, prose("en", 15000) .. prose("de", 35000))
    assert_mix("de", 0.7, prose("de", 17500) .. prose("en", 15000) .. prose("de", 17500))
  end)
  it("is told from all of its paragraphs, also where they recur as the pieces do", function()
    for _, paragraph in ipairs { 100, 500, 2000 } do
      assert_mix("de", 0.65, (prose("de", 0.65 * paragraph) .. prose("en", 0.35 * paragraph)):rep(50000 / paragraph))
    end
    assert_mix("de", 0.65, (prose("de", 1300) .. prose("en", 700)):rep(24))
    assert_mix("de", 0.65, (prose("en", 700) .. prose("de", 1300)):rep(24))
  end)
  it("is told from all of a text up to 3 KB, from pieces beyond", function()
    local s = prose("el", 32) .. prose("de", 3040)
    local _, whole = text.language(s:sub(1, 3072))
    local _, pieces = text.language(s:sub(1, 3073))
    assert.same({ 0.98, 0.99 }, { whole, pieces })
  end)
  it("is told from whole characters", function()
    for _, case in ipairs { { "ภ ", "th", 1 }, { "𐌰𐌱 ", "xx-Goth", 1 }, { "中a", "zh", 0.7 }, { "а中", "zh", 0.5 } } do
      for shift = 0, 3 do -- bytes by which characters stand otherwise to the pieces
        local code, share = text.language(("a"):rep(shift) .. case[1]:rep(10000))
        assert.equal(case[2], code)
        assert.is_true(share >= case[3], share)
      end
    end
  end)
  it("is told from what comes before bytes that are not UTF-8", function()
    assert_mix("de", 0.98, prose("de", 1000) .. "\255" .. prose("en", 9000))
    assert_mix("de", 0.98, prose("de", 5000) .. "\240\159" .. prose("en", 9000))
    for _, tail in ipairs { "\128", "\240\159\152", "\237\160\128", "\255" } do
      assert.equal("un", (text.language(tail:rep(10000))))
    end
  end)
end)
