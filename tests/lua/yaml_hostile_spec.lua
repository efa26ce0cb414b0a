-- YAML that was written to do harm, and YAML that was damaged: a value or an error that says where, in little memory.
local problem = require "dm.problem"
local yaml = require "dm.yaml"

---The most lines that a text has for anybody.
local function lines_of(text)
  local _, lines = text:gsub("[\r\n]", "")
  local _, marks = text:gsub("\194\133", "")
  local _, separators = text:gsub("\226\128[\168\169]", "")
  return lines + marks + separators + 2
end

---Reads a text as a recipe is read. What is wrong with it has a place in it.
---@return boolean good
---@return string? what
local function read(text)
  local ok, result = pcall(yaml.parse, "x.yaml", text)
  if ok and result then ok, result = pcall(yaml.value, result) end
  if ok then return true end
  assert.truthy(problem.is(result), tostring(result))
  local at = assert(result.at, result.what)
  assert.is_true(at.line >= 1 and (at.line <= 2 or at.line <= lines_of(text)), result.what)
  return false, ("%d: %s"):format(at.line, result.what)
end

---An alias of nine aliases of nine aliases ...
local function bomb(levels)
  local lines = { "a0: &a0 [x, x, x, x, x, x, x, x, x]" }
  for i = 1, levels do
    lines[#lines + 1] = ("a%d: &a%d [%s]"):format(i, i, ("*a" .. i - 1 .. ", "):rep(9))
  end
  return table.concat(lines, "\n")
end

describe("dm.yaml", function()
  for what, case in pairs {
    ["an alias bomb"] = { bomb(30), "7: with its aliases this is more than 1000000 values" },
    ["a bomb of maps"] = { (bomb(30):gsub("%[(.-)%]", "{<<: [%1]}")), "1: `<<` takes a map" },
    ["lists that do not end"] = { ("["):rep(1000000), "1: nested more than 64 deep" },
    ["maps that do not end"] = { ("{a: "):rep(1000000), "1: nested more than 64 deep" },
    ["blocks in blocks"] = { "a:\n" .. ("- "):rep(1000000) .. "x", "2: nested more than 64 deep" },
    ["a NUL"] = { "a: 1\nb: \0", "2: the byte 0 can not stand in YAML" },
    ["a control character"] = { "a: 1\n\nb: \27[31m", "3: the byte 27 can not stand in YAML" },
    ["another charset"] = { "a: 1\nb: caf\233", "2: this is not UTF-8" },
    ["UTF-16"] = { "\255\254a\0:\0 \0001\0", "1: this is not UTF-8" },
    ["half a surrogate"] = { 'a: 1\nb: "\\ud800"', "2: this is not YAML" },
    ["a key that never ends"] = { "a: 1\n" .. ("x"):rep(3000000) .. ": 1", "2: this is not YAML" },
    ["a quote that never ends"] = { "a: 1\nb: '" .. ("x\n"):rep(100000), "100002: this is not YAML" },
    ["tabs"] = { "a:\n\tb: 1", "2: this is not YAML" },
    ["many times one key"] = { "a: 1\n" .. ("b: 1\n"):rep(100000), '3: the key "b" stands in line 2 already' },
    ["a file that is no pipeline"] = { ("x"):rep(17 * 1024 * 1024), "1: this is longer than 16 MiB" },
  } do
    it("refuses " .. what, function()
      local good, said = read(case[1])
      assert.is_false(good)
      assert.equal(case[2], said:sub(1, #case[2]))
    end)
  end

  it("reads long lines and long texts", function()
    assert.is_true(read("a: [" .. ("x, "):rep(60000) .. "]"))
    assert.is_true(read("a: " .. ("é"):rep(1000000)))
    assert.is_true(read(bomb(4)))
  end)

  it("takes what is left of a damaged file, or says where it is damaged", function()
    math.randomseed(5)
    -- short, so that much of it is damaged at once
    local whole = "process:\n- HtmlTagCleaner:\n    removeTableTags: 'false'\n- AnonymizedIdNumber: {}\n- RateFilter:\n"
      .. "    repeatWordRatio: 0.5\nmore: &x {a: [1, 'two', \"\\u00e9\"], <<: {b: 2}}\ntext: |\n  é\n  日本\nagain: *x\n"
    local marks = { "[", "{", "]", "}", ":", "-", "&x", "*x", "<<", "!!int", "'", '"', "\t", "\n", "\r", "|", "#", "%",
      "\0", "\255", "\226\128\168", "\194\133", "? ", "---\n", "...\n", ",", "@", "`" }
    local good = 0
    for _ = 1, 2500 do
      local text = whole
      for _ = 1, math.random(3) do
        local from = math.random(#text)
        local to = math.random(4) == 1 and math.random(from, #text) or from + math.random(-1, 3)
        text = text:sub(1, from - 1) .. marks[math.random(#marks)] .. text:sub(to + 1)
      end
      if read(text) then good = good + 1 end
    end
    assert.is_true(good > 100 and good < 2400, good)
  end)
end)
