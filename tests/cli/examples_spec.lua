-- The pipelines of examples/ run as they stand, on rows like those that they are for.
local t = require "tests.support"

local q = t.quote

---Documents as the examples want them: paragraphs in several languages, with links and addresses.
local function documents(n)
  local rows = {}
  for i = 1, n do
    local parts = {
      ("Document %d tells of the river, the town beside it and those who crossed both in %d."):format(i, i),
      "更多的内容请看 https://example.org/a?b=" .. i .. " ，这里有许多文字，说的是城市、河流和人们的生活。",
      "Fragen beantwortet gern post" .. i .. "@example.org, auch am Wochenende und an Feiertagen.",
    }
    rows[i] = ('{"id":%d,"text":"%s"}'):format(i, table.concat(parts, "\\n", i % 3 + 1))
  end
  return table.concat(rows, "\n") .. "\n"
end

describe("the example", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", documents(1000))
  end)
  after_each(t.clean)

  local _, list = t.shell "ls examples/*.lua"
  for _, path in ipairs(t.lines(list)) do
    it(path, function()
      local outputs = {}
      for _, workers in ipairs { 0, 2 } do
        local out = ("%s/out%d.jsonl"):format(dir, workers)
        local status, _, err = t.dmhost(("run %s -i %s/in.jsonl -o %s -j %d"):format(path, q(dir), q(out), workers))
        assert.equal(0, status, err)
        local receipt = t.receipt(out .. ".run")
        assert.equal(1000, receipt.rows["in"])
        assert.is_true(receipt.rows.out > 0 and receipt.rows.out == #t.lines(t.read(out)))
        outputs[#outputs + 1] = t.read(out)
      end
      assert.is_true(outputs[1] == outputs[2])
    end)
  end
end)
