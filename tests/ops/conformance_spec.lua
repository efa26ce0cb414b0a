-- Runs the recorded answers of the peers through the operators, on plain tables. Vectors hold the peers' own
-- results on inputs written for the purpose; Python's column store makes 50 and 50.0 equal.
local json = require "dm.json"
local registry = require "dm.registry"

local VECTORS = "tests/ops/vectors/"

local function cases(name)
  local list = {}
  for line in io.lines(VECTORS .. name .. ".jsonl") do list[#list + 1] = json.decode(line) end
  assert.is_true(#list > 0)
  return list
end

local function close(a, b)
  return math.abs(a - b) <= 1e-12 * math.max(1, math.abs(b))
end

local function check_mapper(op, case, i)
  local sample = { text = case.input[i].text }
  sample = op:execute(sample) or sample
  return sample.text == case.output[i].text, sample.text
end

local function check_filter(op, case, i)
  local keep, _, value = op:execute { text = case.input[i].text }
  return keep == case.keep[i] and close(value, case.stats[i][op.stats_key]), value
end

local function run_all(name)
  local passed, total, first = 0, 0, nil
  for _, case in ipairs(cases(name)) do
    local op = assert(registry.get(name))(case.params)
    local check = op.kind == "filter" and check_filter or check_mapper
    for i, row in ipairs(case.input) do
      local good, got = check(op, case, i)
      total = total + 1
      passed = passed + (good and 1 or 0)
      if not good then first = first or ("row %s gave %s"):format(row.id, tostring(got)) end
    end
  end
  return passed, total, first
end

describe("conformance with Data-Juicer", function()
  for _, name in ipairs {
    "whitespace_normalization_mapper", "clean_links_mapper", "clean_email_mapper", "text_length_filter",
    "special_characters_filter", "character_repetition_filter", "chinese_convert_mapper",
  } do
    it(name, function()
      local passed, total, first = run_all(name)
      io.stderr:write(("%s: %d of %d\n"):format(name, passed, total))
      assert.equal(total, passed, first)
    end)
  end
end)
