-- What is read out of replies of models.
local answer = require "dm.llm.answer"

---The vectors of two texts in a reply whose data these are.
local function vectors(data)
  local found, why = answer.read('{"data":' .. data .. '}', function(root) return answer.vectors(root, 2) end)
  return why or found.vectors
end

describe("vectors in a reply", function()
  it("are those of the texts that their indexes say", function()
    assert.same({ { 1 }, { 2 } }, vectors '[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]')
  end)
  it("come in order where there are no indexes", function()
    assert.same({ { 1 }, { 2 } }, vectors '[{"embedding":[1]},{"index":null,"embedding":[2]}]')
  end)
  it("are refused when a text has none", function()
    for _, second in ipairs { '{"index":0,"embedding":[2]}', '{"index":2,"embedding":[2]}',
      '{"index":-1,"embedding":[2]}', '{"index":0.5,"embedding":[2]}', '{"index":1}',
      '{"index":1,"embedding":null}' } do
      assert.equal("the reply lacks vectors", vectors('[{"index":0,"embedding":[1]},' .. second .. "]"), second)
    end
    assert.equal("the reply lacks vectors", vectors '[{"embedding":[1]}]')
  end)
end)
