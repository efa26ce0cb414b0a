local fifo = require "dm.fifo"

describe("dm.fifo", function()
  it("gives back what it got, in that order, however the two alternate", function()
    local line, put, got = fifo.new(), 0, 0
    for _, step in ipairs { 3, -2, 15, -16, 40, -1, 100, -139, 1, -1 } do
      for _ = 1, math.abs(step) do
        if step > 0 then
          put = put + 1
          line:push(put)
        else
          got = got + 1
          assert.equal(got, line:pop())
        end
      end
      assert.equal(put - got, line.n)
    end
    assert.is_nil(line:pop())
    assert.equal(0, line.n)
  end)

  it("has something else take an item's place", function()
    local line = fifo.new()
    for i = 1, 20 do line:push(i) end
    for i = 1, 10 do assert.equal(i, line:pop()) end
    for i = 21, 25 do line:push(i) end
    assert.is_false(line:replace(3, "gone"))
    assert.is_true(line:replace(22, false))
    for i = 11, 25 do
      local item = line:pop()
      assert.equal(i ~= 22 and i, item)
    end
  end)
end)
