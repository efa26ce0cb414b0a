-- DataMate's operators on texts that are made to be slow, to overflow or to end where a pattern wants more. What is
-- quadratic is for `make hostile` to find.
local dm = require "dm"
local registry = require "dm.registry"
local failure = require "dm.datamate.failure"
local datamate = require "tests.ops.datamate"
local module = require "dm.datamate"
local t = require "tests.support"
local text = require "dm.text"

local BYTES = 600 * 1024

---Those of the texts below that are as long; the others are half of that.
local LONG = { ["one letter"] = true, digits = true, symbols = true, ["unclosed tags"] = true, mixed = true,
  ["addresses of mail"] = true }

---Repeated until it has the size, or a share of it.
local function fill(unit, share)
  return unit:rep(math.floor(BYTES * (share or 1) / #unit))
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

---Operators that compare chunks with each other get a part of it only.
local SHARE = { KnowledgeRelationSlice = 1 / 3 }

---What other keys of a sample operators ask for.
local KEYS = { fileType = "txt", fileId = "1" }

---Word lists that match all over the texts above, in each other and around symbols.
local WORDS = { "a", "aa", "中", "ab", "11", "1", "4111", "数据", "据清洗", "x<", "👨" }

local function names_of(texts)
  local names = {}
  for name in pairs(texts) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("DataMate's operators on long texts", function()
  local texts, folder = {}, nil
  setup(function()
    folder = t.scratch()
    for name, unit in pairs(TEXTS) do texts[name] = fill(unit, LONG[name] and 1 or 1 / 2) end
  end)
  teardown(function()
    texts = nil
    t.clean()
  end)

  for _, name in ipairs(datamate.operators()) do
    it(name, function()
      local class = assert(registry.get(name))
      -- one that asks a model leaves texts to it; one compares all files of a task, which is another spec's
      if class.waits or name == "DuplicateFilesFilter" then return end
      local op = class {}
      for _, which in ipairs(names_of(TEXTS)) do
        local sample = { export_path = folder }
        for k, v in pairs(KEYS) do sample[k] = v end
        sample.text = SHARE[name] and fill(TEXTS[which], SHARE[name]) or texts[which]
        local ok, why = pcall(op.execute, op, sample)
        assert.is_true(ok or failure.is(why), tostring(why))
        assert.has_no.errors(function() dm.sample { text = sample.text } end, which) -- which must be UTF-8
      end
    end)
  end

  it("words of a list", function()
    local matcher = text.matcher(WORDS, { module.SYMBOLS })
    for _, which in ipairs(names_of(TEXTS)) do
      matcher:count(texts[which])
      dm.sample { text = matcher:star(texts[which]) }
    end
  end)

  it("XML", function()
    local op = registry.get "XMLTagCleaner" {}
    local distinct = {}
    for i = 1, BYTES / 16 do distinct[i] = ("<e%d a=''/>"):format(i) end
    for which, xml in pairs {
      open = fill "<a>",
      deep = fill "<a>" .. fill "</a>",
      flat = "<r>" .. fill "<b>1</b>" .. "</r>",
      distinct = "<r>" .. table.concat(distinct) .. "</r>",
      text = "<r>" .. fill "a &lt; <b/>" .. "</r>",
      attribute = "<r x='" .. fill "y" .. "'/>",
      ["not closed"] = "<r x='" .. fill "y",
    } do
      local sample = { text = xml, fileType = "xml" }
      local ok = pcall(op.execute, op, sample)
      assert.equal(which == "flat" or which == "distinct" or which == "text" or which == "attribute", ok, which)
      dm.sample { text = sample.text }
    end
  end)
end)
