-- Numbers as Python's float() reads them.
local ffi = require "ffi"
local text = require "dm.text"

local C = ffi.C

describe("dm.python.float", function()
  local python_float

  -- Patterns may be shown valid UTF-8 only.
  setup(function()
    local regex = text.regex
    text.regex = function(pattern) -- luacheck: ignore 122
      local re = regex(pattern)
      return { find = function(_, s)
        assert.equal(#s, tonumber(C.dm_utf8_check(s, #s)), "not UTF-8")
        return re:find(s)
      end }
    end
    package.loaded["dm.python.float"] = nil
    python_float = require "dm.python.float"
    text.regex, package.loaded["dm.python.float"] = regex, nil -- luacheck: ignore 122
  end)

  it("knows the digits of other scripts, those that begin a block too", function()
    for s, n in pairs {
      ["\225\177\128"] = 0, ["\225\177\137\225\177\128"] = 90, ["٣٫"] = false, ["٣.٥"] = 3.5, ["๙e๒"] = 900,
      ["𝟗𝟘𝟶"] = 900,
    } do
      assert.equal(n or nil, python_float(s), s)
    end
  end)

  it("reads what float() reads, and nothing else", function()
    for s, n in pairs {
      [" 1_0.5\n"] = 10.5, ["-.5e+1"] = -5, ["+Infinity"] = math.huge, ["1e5"] = 1e5, ["2."] = 2, ["1__0"] = false,
      ["0x10"] = false, ["1e"] = false, [""] = false, ["."] = false, ["1 2"] = false, ["_1"] = false,
    } do
      assert.equal(n or nil, python_float(s), s)
    end
    assert.is_true(python_float "nan" ~= python_float "nan")
  end)
end)
