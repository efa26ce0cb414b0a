-- The filters of datatrove answer as its own code did: tests/ops/vectors/datatrove.
local json = require "dm.json"
local registry = require "dm.registry"
local sample = require "dm.sample"
local t = require "tests.support"

---How what an operator answers differs from what is recorded, or nil.
local function difference(result, input)
  local op = registry.get(result.op)(result.params or {})
  local row = sample.sample { text = input }
  local keep, reason = op:execute(row)
  if keep ~= result.keep then return ("keeps it: %s, for %s"):format(tostring(keep), tostring(reason)) end
  if reason ~= result.reason then return ("says %s, not %s"):format(tostring(reason), tostring(result.reason)) end
  if keep and row.text ~= (result.text or input) then return "left another text" end
end

describe("datatrove's", function()
  local rows = t.lines(t.read "tests/ops/vectors/datatrove/filters.jsonl")
  for _, which in ipairs { "GopherQuality", "GopherRepetition", "C4Quality", "FineWebQuality" } do
    local name = which .. "Filter"
    it(name, function()
      local passed, wrong = 0, {}
      for _, line in ipairs(rows) do
        local row = json.decode(line)
        for _, result in ipairs(row.results) do
          if result.op == name then
            local fault = difference(result, row.input)
            passed = passed + (fault and 0 or 1)
            wrong[#wrong + 1] = fault and ("%s %s: %s"):format(row.id, json.encode(result.params or {}), fault)
          end
        end
      end
      assert.equal("", table.concat(wrong, "\n"))
      assert.is_true(passed >= 400)
    end)
  end
end)
