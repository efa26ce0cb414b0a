-- DataMate's operators on texts that are made to be slow, to overflow or to end where a pattern wants more: 10 MB
-- each. What is quadratic would take hours here, so the bound on time only has to be below that.
local dm = require "dm"
local registry = require "dm.registry"
local datamate = require "tests.ops.datamate"
local module = require "dm.datamate"
local text = require "dm.text"

local BYTES, SECONDS = 10 * 1024 * 1024, 30

---Repeated until it has the size.
local function fill(unit)
  return unit:rep(math.floor(BYTES / #unit))
end

local TEXTS = {
  ["one letter"] = "a",
  ["one ideograph"] = "中",
  digits = "1",
  spaces = " ",
  ["zero-width spaces"] = "\226\128\139",
  newlines = "\n",
  symbols = "【",
  dots = ".",
  colons = ":",
  ["unclosed tags"] = "<a ",
  ["tags that never end"] = "<svg x=\"",
  ["tags"] = "<p>x</p>",
  ["attributes"] = "<x y=\"1\" z=''>",
  ["lines that repeat"] = "one line\n",
  ["at signs"] = "a@",
  ["addresses of mail"] = "a.b@c.com ",
  ["nested addresses of mail"] = "a@b.com.",
  ["URLs"] = "http://a.b/c ",
  ["schemes"] = "http://",
  ["www"] = "www.",
  ["IPv4"] = "10.0.0.1 1.2.3.4\n",
  ["quads on one line"] = "1.2.3.4 ",
  ["ip and spaces"] = "ip        ",
  ["IPv6"] = "fe80::1 ",
  ["hexadecimal"] = "ab:cd:",
  ["phones"] = "+86 13800138000,",
  ["half phones"] = "(010)6234",
  ["cards"] = "4111111111111111 ",
  ["eight digits"] = " 12345674",
  ["ids"] = "11010519491231002X ",
  ["captions"] = "Figure 1: a\n图1 b\n",
  ["contents"] = "目录\n1 a ... 1\n",
  ["emoji"] = "👨‍👩‍👧‍👦",
  ["half emoji"] = "👨‍",
  ["Chinese prose"] = "随着大数据时代的到来，数据清洗变得越来越重要。",
  ["traditional Chinese"] = "數據清洗變得越來越重要。",
  ["full-width"] = "ＡＢＣ１２３",
  ["mixed"] = "中a 1，<b>x@y.zz</b>\t\n",
}

---Operators that are not meant for 10 MB, and how much they get.
local LESS = {}

---Word lists that match all over the texts above, in each other and around symbols.
local WORDS = { "a", "aa", "中", "ab", "11", "1", "4111", "数据", "据清洗", "x<", "👨" }

local function names_of(texts)
  local names = {}
  for name in pairs(texts) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("DataMate's operators on 10 MB", function()
  local texts = {}
  setup(function()
    for name, unit in pairs(TEXTS) do texts[name] = fill(unit) end
  end)
  teardown(function() texts = nil end)

  for _, name in ipairs(datamate.OPERATORS) do
    it(name, function()
      local op = assert(registry.get(name)) {}
      for _, which in ipairs(names_of(TEXTS)) do
        local s = texts[which]:sub(1, LESS[name])
        local start, sample = os.clock(), { text = s, fileType = "txt" }
        op:execute(sample)
        assert.has_no.errors(function() dm.sample { text = sample.text } end, which) -- which must be UTF-8
        assert.is_true(os.clock() - start < SECONDS, which .. " took too long")
      end
    end)
  end

  it("words of a list", function()
    local matcher = text.matcher(WORDS, { module.SYMBOLS })
    for _, which in ipairs(names_of(TEXTS)) do
      local start = os.clock()
      matcher:count(texts[which])
      dm.sample { text = matcher:star(texts[which]) }
      assert.is_true(os.clock() - start < SECONDS, which .. " took too long")
    end
  end)
end)
