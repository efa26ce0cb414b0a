local locate = require "dm.problem.locate"

local TEXT = [==[
-- a comment, with a } and a "
local dm = require "dm"
return dm.pipeline {
  input = "a{,\"", --[[ , ]] output = 'x',
  operators = {
    { "one", min = 1 },
    dm.filter(function(s) local a, b = 1, 2 return a end),
    { "two", f = function(a) local x, y = 1 if x then y = {} end end, maxx = 3 },
    ["x"] = 4; [[=[ , ]],
  }, bad = 1
}
]==]

describe("dm.problem.locate", function()
  local function at(path, value)
    local word = locate.entry(TEXT, "pipeline", path, value)
    return word and ("%d:%d:%s"):format(word.line, word.col, word.text)
  end

  it("finds entries of the table that a function is called with", function()
    assert.equal("10:6:bad", at { "bad" })
    assert.equal("10:12:1", at({ "bad" }, true))
    assert.equal("4:30:output", at { "output" })
    assert.equal("8:71:maxx", at { "operators", 3, "maxx" })
    assert.equal("8:78:3", at({ "operators", 3, "maxx" }, true))
    assert.equal("7:5:dm", at { "operators", 2 })
    assert.equal("9:5:[", at { "operators", "x" })
    assert.equal("6:7:one", at { "operators", 1, 1 })
  end)
  it("answers the nearest place it knows", function()
    assert.equal("3:20:{", at { "nothing" })
    assert.equal("5:15:{", at { "operators", 9 })
    assert.is_nil(locate.entry("return 3", "pipeline", { "x" }))
  end)
  it("finds words of a line", function()
    assert.equal(13, locate.word(TEXT, 5, "=").col)
    assert.equal(3, locate.word(TEXT, 5).col)
    assert.equal(3, locate.word(TEXT, 5, "absent").col)
    assert.is_nil(locate.word(TEXT, 99))
  end)
  it("reads any text to its end", function()
    for _, text in ipairs { "", "[[", "--[==[", "'", '"\\', "pipeline {", "pipeline({ a =", "x = [", "\0\255{" } do
      locate.words(text)
      locate.entry(text, "pipeline", { "a", 1 })
    end
  end)
end)
