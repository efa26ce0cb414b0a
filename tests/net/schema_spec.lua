-- Answers in JSON: finding them in what a model says, and checking them against a schema.
local sample = require "dm.sample"
local schema = require "dm.llm.schema"

local function wrong(s, text)
  return schema.compile(s)(sample.parse(text))
end

local PERSON = {
  type = "object",
  properties = {
    name = { type = "string", minLength = 1, maxLength = 5, pattern = "^[a-z]+$" },
    age = { type = "integer", minimum = 0, exclusiveMaximum = 150 },
    tags = { type = "array", items = { enum = { "a", "b" } }, minItems = 1, maxItems = 2 },
    near = { type = { "object", "null" } },
  },
  required = { "name" },
  additionalProperties = false,
}

describe("dm.llm.schema", function()
  it("takes what fits and says what does not", function()
    for text, expected in pairs {
      ['{"name":"abc"}'] = false,
      ['{"name":"数"}'] = "$.name does not match ^[a-z]+$",
      ['{"name":"abcdef"}'] = "$.name is longer than 5",
      ['{"name":""}'] = "$.name is shorter than 1",
      ['{}'] = '$ has no member "name"',
      ['{"name":null}'] = "$.name is null, not string",
      ['{"name":"a","age":3}'] = false,
      ['{"name":"a","age":3.5}'] = "$.age is number, not integer",
      ['{"name":"a","age":-1}'] = "$.age is below 0",
      ['{"name":"a","age":150}'] = "$.age is not below 150",
      ['{"name":"a","tags":["a","b"]}'] = false,
      ['{"name":"a","tags":["a","c"]}'] = '$.tags[1] is none of ["a","b"]',
      ['{"name":"a","tags":[]}'] = "$.tags has less than 1 elements",
      ['{"name":"a","tags":{}}'] = "$.tags is object, not array",
      ['{"name":"a","near":null}'] = false,
      ['{"name":"a","near":[]}'] = "$.near is array, not object or null",
      ['{"name":"a","other":1}'] = '$ has a member "other" that is not asked for',
      ['[]'] = "$ is array, not object",
    } do
      assert.equal(expected or nil, wrong(PERSON, text), text)
    end
  end)

  it("knows combinations, constants and references", function()
    local either = { anyOf = { { required = { "a" } }, { required = { "b" } } } }
    assert.is_nil(wrong(either, '{"b":1}'))
    assert.equal('$ has no member "a"', wrong(either, "{}"))
    assert.equal("$ fits more than one form", wrong({ oneOf = { {}, { type = "object" } } }, "{}"))
    assert.equal("$ is what it must not be", wrong({ ["not"] = { type = "object" } }, "{}"))
    assert.is_nil(wrong({ properties = { a = { const = 1 } } }, '{"a":1.0}'))
    assert.equal("$.a is not {\"x\":[1]}", wrong({ properties = { a = { const = { x = { 1 } } } } }, '{"a":{"x":[2]}}'))
    local tree = { ["$ref"] = "#/$defs/node", ["$defs"] = { node = { type = "object",
      properties = { next = { ["$ref"] = "#/$defs/node" } } } } }
    assert.is_nil(wrong(tree, '{"next":{"next":{}}}'))
    assert.equal("$.next.next is integer, not object", wrong(tree, '{"next":{"next":1}}'))
  end)

  it("refuses schemas that say what it can not check", function()
    assert.error_matches(function() schema.compile { uniqueItems = true } end, "uniqueItems is not supported")
    assert.error_matches(function() schema.compile { properties = { a = { ["$ref"] = "#/$defs/b" } } } end,
      "there is no #/%$defs/b in it")
    assert.error_matches(function() schema.compile { pattern = "(" } end, "")
  end)

  it("comes to an end with schemas that do not", function()
    local twice = { ["$ref"] = "#" }
    assert.truthy(wrong({ anyOf = { twice, twice } }, "{}"):find("too deeply", 1, true))
  end)

  it("finds JSON among words", function()
    for text, expected in pairs {
      ['{"a":1}'] = '{"a":1}',
      ['Sure:\n```json\n{"a":\n 1}\n```\nBye {'] = '{"a":  1}',
      ['The answer is {"a":{"b":2}}. OK'] = '{"a":{"b":2}}',
      ["a list [1, 2] of"] = "[1, 2]",
      ["nothing { here"] = false,
      [""] = false,
    } do
      local found = schema.find(text)
      assert.equal(expected, found and tostring(found) or false)
    end
  end)

  it("takes time in proportion to the answer, whatever is in it", function()
    for _, text in ipairs { ("{"):rep(2e6), ("```\n"):rep(5e5), ("["):rep(1e6) .. ("]"):rep(1e6), ("} {"):rep(5e5) } do
      schema.find(text)
    end
  end)
end)

describe("dm.llm.events", function()
  local events = require "dm.llm.events"

  it("reads events as the standard has them", function()
    assert.same({ "one", "two\nlines", "", " x" },
      events.data("\239\187\191data: one\n\n: comment\nid: 3\ndata:two\r\ndata: lines\r\n\r\n" ..
        "data\n\ndata:  x\n\ndata: cut"))
  end)

  it("joins pieces, and knows a stream that is not whole", function()
    local piece = 'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n'
    local whole = piece:format "a" .. piece:format "数" .. "data: [DONE]\n\n"
    assert.equal("a数", events.join(whole).text)
    for i = 1, #whole - 3 do
      local reply, why = events.join(whole:sub(1, i))
      assert.is_nil(reply)
      assert.truthy(why)
    end
    local _, why = events.join 'data: {"error":{"message":"out of memory"}}\n\ndata: [DONE]\n\n'
    assert.equal("out of memory", why)
  end)

  it("survives streams of garbage", function()
    local x = 1
    for _ = 1, 300 do
      local bytes = {}
      for i = 1, 200 do
        x = (x * 1103515245 + 12345) % 2147483648
        bytes[i] = ("data: {}[]\"choices\n\r:,\0\255"):sub(x % 25 + 1, x % 25 + 1 + x % 7)
      end
      events.join(table.concat(bytes))
      schema.find(table.concat(bytes))
    end
  end)
end)
