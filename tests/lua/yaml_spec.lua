-- YAML as PyYAML reads it, and where an error stands.
local sample = require "dm.sample"
local t = require "tests.support"
local yaml = require "dm.yaml"

local function json(text, exponents)
  return sample.json(yaml.value(yaml.parse("x.yaml", text), exponents))
end

local function fault(text)
  local ok, e = pcall(json, text)
  assert.is_false(ok)
  return tostring(e)
end

-- What stands in the same way in both; numbers are compared by value.
local SCALARS = { "yes", "No", "ON", "off", "y", "n", "true", "TRUE", "tRue", "null", "~", "Null", "0", "-0", "007",
  "08", "0o7", "0x1F", "0xg", "0b101", "-0b11", "1_000", "_1", "1:30", "1:30:05", "01:30", "1:60", "1:30.5", "1.", ".5",
  "-.5", "1.5e3", "1.5e+3", "1e5", "1e+5", ".", "-", "1.2.3", "+12", "+.inf", "-.INF",
  "10%", "2024-01x", "1__0", "0_7", "'5'",
  '"x\\ty"', "a b", "a#b", "é", "9223372036854775807", "- 5", "0.5_5", "1_0.5" }

describe("dm.yaml", function()
  after_each(t.clean)

  it("reads scalars as PyYAML does", function()
    local path = t.write(t.scratch() .. "/scalars", table.concat(SCALARS, "\n"))
    local script = [[
import json, sys
try:
    import yaml
except ImportError:
    sys.exit(7)
for line in open(sys.argv[1], encoding="utf-8").read().split("\n"):
    value = yaml.safe_load("a: [" + line + "]" if not line.startswith("- ") else "a:\n" + line)["a"][0]
    print("null" if value is None else json.dumps(value, ensure_ascii=False).replace("Infinity", '"inf"'))
]]
    local status, out, err = t.shell(("/usr/bin/python3 -c %s %s"):format(t.quote(script), t.quote(path)))
    if status == 7 then pending(t.excuse "python3-yaml is not installed") end
    assert.equal("", err)
    local expected = t.lines(out)
    for i, text in ipairs(SCALARS) do
      local node = yaml.parse("x", text:sub(1, 2) == "- " and "a:\n" .. text or "a: [" .. text .. "]")
      local value = yaml.value(node).a[1]
      if value == math.huge then value = "inf" elseif value == -math.huge then value = "-inf" end
      local want = expected[i]:gsub('^%-"inf"$', '"-inf"')
      local got = sample.json(value)
      local same = tonumber(got) == tonumber(want) and (tonumber(got) or got == want)
      assert(same, text .. ": " .. got .. ", not " .. want)
    end
  end)

  it("takes 1e5 for a number where jsonargparse does", function()
    assert.equal('["1e5","1.5e3",1500]', json "[1e5, 1.5e3, 1.5e+3]")
    assert.equal('[100000,1500,-0.002]', json("[1e5, 1.5e3, -2e-3]", true))
  end)
  it("tells an empty list from an empty map", function()
    assert.equal('{"a":[],"b":{},"c":null}', json "a: []\nb: {}\nc:\n")
  end)
  it("knows anchors, aliases and merged maps", function()
    assert.equal('{"a":{"p":1,"q":2},"b":{"p":1,"q":3,"r":4}}', json "a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3, r: 4}")
  end)
  it("keeps text of all kinds", function()
    assert.equal([[{"a":"one\ntwo\n","b":"one two","c":"it's"}]],
      json "a: |\n  one\n  two\nb: >-\n  one\n  two\nc: 'it''s'")
  end)
  it("knows where a node stands, in bytes", function()
    local value, key = yaml.get(yaml.parse("x", "\239\187\191é: 1\n数据: {größe: 5}\n"), "数据")
    local inner, name = yaml.get(value, "größe")
    assert.same({ 2, 1, 6 }, { key.line, key.col, key.size })
    assert.same({ 2, 10, 7 }, { name.line, name.col, name.size })
    assert.same({ 2, 19 }, { inner.line, inner.col })
    assert.is_nil(yaml.parse("x", "# nothing\n"))
  end)

  for what, case in pairs {
    ["duplicate keys"] = { "a: 1\nb:\n  c: 1\n  c: 2", 'x.yaml:4:3: the key "c" stands in line 3 already' },
    ["what is no YAML"] = { "a: [1\nb: 2", "x.yaml:2:2: this is not YAML" },
    ["tabs"] = { "a:\n\t- 1", "x.yaml:2:1: this is not YAML" },
    ["a second document"] = { "a: 1\n---\nb: 1", "x.yaml:2:1: a second document" },
    ["an alias around itself"] = { "a: &x [é, *x]", "x.yaml:1:12: *x is used, but &x is around it" },
    ["an unknown alias"] = { "a: *y", "x.yaml:1:4: *y is used" },
    ["tags of Python"] = { "a: !!python/tuple [1]", "x.yaml:1:4: there are no values of tag" },
    ["a tag that does not fit"] = { "a: !!int x", "x.yaml:1:4: x is not what its tag says" },
    ["a map as a key"] = { "? {a: 1}\n: 2", "x.yaml:1:3: a map can not be a key" },
    ["bytes that are not UTF-8"] = { "a: 1\nb: \255", "x.yaml:2:4: this is not UTF-8" },
    ["depth"] = { ("["):rep(100), "nested more than 64 deep" },
  } do
    it("tells the place of " .. what, function()
      local said = fault(case[1])
      assert.truthy(said:find(case[2], 1, true), said)
    end)
  end
end)
