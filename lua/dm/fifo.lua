-- What waits in a line, first come, first served: a ring within an array. A table whose indices wander upwards would be
-- hashed anew again and again.
local M = {}

---@class dm.Fifo: any[]
---@field n integer how many wait
---@field private first integer where the first one is
---@field private size integer
local Fifo = {}
Fifo.__index = Fifo

local FIRST_SIZE = 16

---@return dm.Fifo
function M.new()
  local fifo = { n = 0, first = 1, size = FIRST_SIZE }
  for i = 1, FIRST_SIZE do fifo[i] = false end
  return setmetatable(fifo, Fifo)
end

---Item i of those that wait, from 1, by its place in the ring.
local function place(self, i)
  local at = self.first + i - 1
  return at > self.size and at - self.size or at
end

local function grow(self)
  local size = self.size
  for i = 1, self.first - 1 do self[size + i] = self[i] end
  for i = size + self.first, 2 * size do self[i] = false end
  self.size = 2 * size
end

---@param item any not nil
function Fifo:push(item)
  if self.n == self.size then grow(self) end
  self.n = self.n + 1
  self[place(self, self.n)] = item
end

---Takes the first one out.
---@return any item nil when there is none
function Fifo:pop()
  if self.n == 0 then return nil end
  local first = self.first
  local item = self[first]
  self[first] = false
  self.first = first == self.size and 1 or first + 1
  self.n = self.n - 1
  return item
end

---Puts something else in the place of an item.
---@param item any
---@param other any
---@return boolean found
function Fifo:replace(item, other)
  for i = 1, self.n do
    local at = place(self, i)
    if self[at] == item then
      self[at] = other
      return true
    end
  end
  return false
end

return M
