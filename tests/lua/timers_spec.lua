-- What waits for its time: see dm.wait.timers.
local timers = require "dm.wait.timers"

---The calls of all whose time is over at `now`, as they are taken.
local function take_all(now)
  local list = {}
  local _, call, taken = timers.take(now)
  while taken do
    if call then list[#list + 1] = call() end
    _, call, taken = timers.take(now)
  end
  return list
end

local function add(at)
  return timers.add { at = at, call = function() return at end }
end

describe("dm.wait.timers", function()
  it("gives them in the order of their times, those whose time is over", function()
    for i = 1, 500 do add(i * 7919 % 1000) end
    local first, rest = take_all(499), take_all(1000)
    for _, list in ipairs { first, rest } do
      for i = 2, #list do assert.is_true(list[i - 1] <= list[i]) end
    end
    assert.equal(500, #first + #rest)
    assert.is_true(first[#first] <= 499 and rest[1] > 499)
    assert.is_nil(timers.next_at())
  end)
  it("gives none that was forgotten, however many there are", function()
    local list = {}
    for i = 1, 4000 do list[i] = add(i) end
    for i = 1, 4000 do
      if i % 1000 ~= 0 then timers.forget(list[i]) end
    end
    timers.forget(list[1])
    assert.is_false(timers.is_empty())
    assert.same({ 1000, 2000, 3000, 4000 }, take_all(4000))
    assert.is_true(timers.is_empty())
    timers.forget(list[4000])
    assert.is_true(timers.is_empty())
  end)
  it("is empty when all that is left was forgotten", function()
    local timer = add(5)
    timers.forget(timer)
    assert.is_true(timers.is_empty())
    assert.equal(5, timers.next_at())
    assert.same({}, take_all(5))
    assert.is_nil(timers.next_at())
  end)
end)
