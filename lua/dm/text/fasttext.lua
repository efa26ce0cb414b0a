-- Models of fastText that tell labels of texts: languages, quality, topics.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local sources = require "dm.sources"

local C = ffi.C
local err = ffi.new "struct dm_error"
local guess = ffi.new "struct dm_fasttext_guess"

local M = {}

---@class dm.FastText
---@field model ffi.cdata* struct dm_fasttext *
local FastText = {}
FastText.__index = FastText

---Opens a model, .bin or .ftz, as `fasttext supervised` and `fasttext quantize` write it. Its file is mapped: workers
---of a machine share it. Raises when it is none, or not the one that stood there when the run began.
---@param path string
---@return dm.FastText
function M.open(path)
  local why = sources.fingerprint(path) or sources.changed(path)
  if why then error(why, 0) end
  local model = C.dm_fasttext_open(sources.place(path), err)
  if model == nil then error(ffi.string(err.text), 0) end
  return setmetatable({ model = ffi.gc(model, C.dm_fasttext_close) }, FastText)
end

---The likeliest label of a text. Newlines count as blanks.
---@param s string
---@return string? label as the model has it, "__label__en"; nil when it knows nothing of the text
---@return number score its probability as `fasttext predict-prob` tells it, which may be a little more than 1
function FastText:guess(s)
  local status = C.dm_fasttext_guess(self.model, s, #s, guess)
  if status < 0 then kernel.fail(status) end
  if guess.label == nil then return nil, 0 end
  return ffi.string(guess.label, guess.label_bytes), guess.score
end

return M
