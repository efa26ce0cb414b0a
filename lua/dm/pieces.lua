-- What a slicer cuts a text into: copies of its sample, each with a text of its own, made when they are wanted. A
-- million of them at once take a gigabyte, their texts little more than the text that they were cut from.
local sample_module = require "dm.sample"

local M = {}

---How many a run makes at a time.
M.PORTION = 1024

---@class dm.Pieces
---@field [integer] string the texts
---@field op dm.BaseOp whose text field they go to
local Pieces = {}

---@param op dm.BaseOp
---@param texts string[] becomes the pieces
---@return dm.Pieces
function M.of(op, texts)
  texts.op = op
  return setmetatable(texts, Pieces)
end

---@param list any
---@return boolean
function M.is(list)
  return getmetatable(list) == Pieces
end

---Makes the samples of some pieces. The one that is given is left with the text of the last one: the text that it has
---is never copied.
---@param list dm.Pieces
---@param sample dm.Sample
---@param first integer number of the first one
---@param last integer
---@return dm.Sample[]
function M.make(list, sample, first, last)
  local made = {}
  for i = first, last do
    list.op:set_text(sample, list[i])
    made[#made + 1] = sample_module.clone(sample)
  end
  return made
end

return M
