-- Conditions in Python's notation: what they mean, and what is refused at the start.
local condition = require "dm.condition"
local dm = require "dm"

local ROW = {
  num = 15, zero = 0, text = "b", flag = true, no = false, none = dm.null, ["名"] = 1,
  empty = {}, no_list = dm.array {}, list = dm.array { 1, 2 }, same = dm.array { 1, 2 },
  longer = dm.array { 1, 2, 0 }, later = dm.array { 1, 3 },
  meta = { lang = "en", deep = { v = 4 } },
}

describe("dm.condition", function()
  local function value(text, row) return condition.compile(text)(row) end

  it("holds, or not, as in Python", function()
    for text, want in pairs {
      ["num == 15"] = true, ["num != 15"] = false, ["10 < num <= 15"] = true, ["10 < num < 15 < 20"] = false,
      ["15 == num == 15.0"] = true, ["num >= 16 or meta.lang == 'en'"] = true, ["num < 20 and zero"] = false,
      ["num < 1 or num > 2 and zero == 1"] = false, ["(num < 1 or num > 2) and flag"] = true,
      ["flag == True"] = true, ["flag == 1"] = true, ["no == 0"] = true, ["no < flag"] = true,
      ["text > 'a'"] = true, ["text == \"b\""] = true, ["text == 'b' ''"] = true, ["text == 15"] = false,
      ["meta.deep.v >= 4"] = true, ["meta.lang.x == 1"] = false, ["missing != 1"] = false, ["none == None"] = false,
      ["missing or flag"] = true, ["empty or list"] = true, ["list == same"] = true, ["list == meta"] = false,
      ["empty == none"] = false, ["empty == no_list"] = false, ["list < longer < later"] = true,
      ["longer <= list"] = false, ["num.real == 15 and num.imag == 0"] = true, ["flag.real == 1"] = true,
      ["num.numerator == 15 and num.denominator == 1"] = true, ["text.real == 15 or num.x == 15"] = false,
      ["(num > 1) == True"] = true, ["'\\u540d\\x41\\101\\n' == '名AA\\n'"] = true, ["r'\\n' == '\\\\n'"] = true,
      ["0x10 == 16 and 0b11 == 3 and 0o17 == 15 and 1_000 == 1e3 and .5 == 5e-1"] = true, ["名 == 1"] = true,
    } do
      assert.equal(want, value(text, dm.sample(ROW)), text)
      assert.equal(want, value(text, dm.totable(dm.sample(ROW))), text .. " on a table")
    end
  end)
  it("has a field's value when it is nothing but its name", function()
    assert.equal(15, value("num", ROW))
    assert.is_nil(value("missing", ROW))
  end)
  it("raises where Python has no order", function()
    for _, text in ipairs { "num < text", "meta < meta", "meta > 1", "list < meta", "num > 9 > 99 > (num < text)" } do
      assert.has_error(function() value(text, ROW) end)
    end
  end)
  it("compares integers beyond 2^53, but with no number of which not all digits are known", function()
    local big = require("tests.ops.conformance").parse
      '{"n":12345678901234567890,"more":12345678901234567891,"long":123456789012345678901,"less":-9007199254740993}'
    for text, want in pairs {
      ["n == 3"] = false, ["3 != n"] = true, ["n and True"] = true, ["n > 3"] = true, ["3 >= n"] = false,
      ["less < 3"] = true, ["n < more < long"] = true, ["more <= n"] = false,
      ["n >= n"] = true, ["long > more > less"] = true, ["n == 12345678901234567890"] = true,
      ["n < 12345678901234567891"] = true, ["9007199254740992 < 9007199254740993"] = true,
      ["less >= 9007199254740992"] = false, ["n < 1e30"] = true,
      ["n == True"] = false, ["n < True"] = false,
    } do
      assert.equal(want, value(text, big), text)
    end
    assert.has_error(function() value("n == 1e19", big) end)
    assert.has_error(function() value("less <= 'a'", big) end,
      "<= has no meaning between an integer beyond 2^53 and a string")
    assert.has_error(function() value("9007199254740995 > 9007199254740996.0", big) end)
  end)
  it("is refused with the column", function()
    for text, message in pairs {
      ["not num"] = 'column 1 of "not num": "not" is not supported here',
      ["num in text"] = 'column 5 of "num in text": "in" is not supported here',
      ["num > -1"] = 'column 7 of "num > -1": "-" is not supported',
      ["num + 1 > 2"] = 'column 5 of "num + 1 > 2": "+" is not supported',
      ["len(text)"] = 'column 4 of "len(text)": and, or, a comparison or the end is wanted, not (',
      ["num ="] = 'column 5 of "num =": "=" is not supported',
      ["num > "] = 'column 7 of "num > ": the name of a field is wanted, not the end',
      ["(num"] = 'column 5 of "(num": ")" is wanted, not the end',
      ["num > 'x"] = [[column 7 of "num > 'x": the string does not end]],
      ["'\\ud800'"] = [[column 3 of "'\\ud800'": \u needs the code of a character]],
      ["1x"] = 'column 1 of "1x": this is no number',
      ["b'x'"] = [[column 1 of "b'x'": strings with the prefix b are not supported]],
    } do
      assert.has_error(function() condition.compile(text) end, message)
    end
  end)
end)
