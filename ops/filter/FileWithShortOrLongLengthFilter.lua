-- Drops texts that are shorter or longer than a range. Spaces at both ends and before a last newline do not count,
-- tabs and newlines do. A limit of 0, or none, is no limit.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local failure = require "dm.datamate.failure"
local null = require("dm.sample").null
local C = ffi.C

local FileWithShortOrLongLengthFilter = datamate.ContentFilter:extend {
  name = "FileWithShortOrLongLengthFilter",
  summary = "Drop texts that are too short or too long.",
  params = {
    { "fileLength", "any", default = { 10, 10000000 }, doc = "least and greatest number of code points" },
  },
  examples = {
    { input = { text = "more than ten characters" }, keep = true },
    { input = { text = "  short  " }, output = { text = "" }, keep = false },
  },
}

---What a limit given as v comes to; `default` when there is none.
local function limit(v, default)
  if rawequal(v, null) or not datamate.truthy(v) then return default end
  if type(v) == "number" then return v end
  failure.raise("TypeError", "'<' not supported between instances of 'int' and 'str'")
end

function FileWithShortOrLongLengthFilter:init()
  local range = self.fileLength
  if type(range) ~= "table" or #range ~= 2 then
    failure.raise("RuntimeError", "(82001, 'method: FileWithShortOrLongLengthFilter expected 2 arguments')")
  end
  self.least, self.most = limit(range[1], 0), limit(range[2], math.huge)
end

function FileWithShortOrLongLengthFilter:judge(s)
  local length = C.dm_text_trimmed_length(s, #s)
  if length < self.least then return false, "shorter than " .. self.least, length end
  if length > self.most then return false, "longer than " .. self.most, length end
  return true, nil, length
end

return FileWithShortOrLongLengthFilter
