-- Every operator's examples hold, as samples and as plain tables.
local conformance = require "tests.ops.conformance"
local registry = require "dm.registry"
local sample = require "dm.sample"
local scripted = require "dm.llm.scripted"

local function outputs(op, row)
  if op.kind == "slicer" then return op:slice(row) end
  return { op:execute(row) or row }
end

local function check(op, example, row)
  if example.replies then op.llm = scripted(example.replies) end
  if op.kind == "filter" then
    local keep = op:execute(row)
    assert.equal(example.keep, keep, tostring(sample.sample(example.input)))
    return
  end
  local got = outputs(op, row)
  for i, v in ipairs(got) do got[i] = sample.totable(v) end
  assert.is_true(conformance.same(got, example.outputs or { example.output }), tostring(sample.sample(got)))
end

describe("parameters and examples of", function()
  for _, name in ipairs(registry.builtin_names()) do
    it(name, function()
      local class = registry.get(name)
      assert.is_true(#class.examples > 0, "no example")
      for _, p in ipairs(class.params) do assert.truthy(p.doc and p.doc:find "^%S", p[1] .. " has no meaning") end
      for _, example in ipairs(class.examples) do
        local row = sample.sample(example.input)
        check(class(example.params or {}), example, row)
        check(class(example.params or {}), example, sample.totable(sample.sample(example.input)))
      end
    end)
  end
end)
