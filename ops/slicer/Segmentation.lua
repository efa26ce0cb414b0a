-- Cuts a text into chunks and writes some of them, drawn at random, to export_path/FILEID_0.txt, _1 ...; the sample
-- goes on with the text "Success" and the number of chunks in fileNum. By default 5 chunks are kept and the rest is
-- lost, as in DataMate. What makes a sample of each chunk is text_splitter_slicer.
local ffi = require "ffi"
local Slicer = require("dm.base_op").Slicer
local failure = require "dm.datamate.failure"
local kernel = require "dm.text.kernel"
local text = require "dm.text"

local err = ffi.new "struct dm_error"

local Segmentation = Slicer:extend {
  name = "Segmentation",
  cost = "the file system, in which each chunk becomes a file",
  summary = "Write random chunks of a text to files.",
  origin = "DataMate",
  params = {
    { "maxCharacters", "integer", default = -1, doc = "code points to look at; below 1: all" },
    { "chunkSize", "integer", default = 800, doc = "code points in a chunk, at most" },
    { "chunkOverlap", "integer", default = 100, doc = "code points that a chunk may repeat" },
    { "sliceNum", "integer", default = 5, min = 0, doc = "chunks that are written, at most" },
  },
  examples = { { input = { text = "", fileId = "1" }, outputs = { { text = "Success", fileId = "1", fileNum = 0 } } } },
}

function Segmentation:init()
  local made, splitter = pcall(text.splitter,
    { max_characters = self.maxCharacters, chunk_size = self.chunkSize, chunk_overlap = self.chunkOverlap })
  if not made then failure.raise("Exception", "(83001, 'init text splitter failed')") end
  self.splitter = splitter
end

---The start of the names of a sample's files.
local function prefix_of(self, sample)
  local folder, id = sample[self.export_path_key], tostring(sample[self.fileId_key])
  if type(folder) ~= "string" then error(('field "%s" names no folder'):format(self.export_path_key), 0) end
  if id:find "[/%z]" then error(('field "%s" is no name for a file: %q'):format(self.fileId_key, id), 0) end
  return folder .. "/" .. id .. "_"
end

local function write(path, p, n)
  if n == 0 then failure.raise("TypeError", "a bytes-like object is required, not 'str'") end
  if ffi.C.dm_export_write(path, p, n, err) < 0 then error(ffi.string(err.text), 0) end
end

---Numbers of some of `count` chunks, as shuffling their list from its head draws them.
---@param most integer how many are drawn
---@param count integer
---@return integer[]
local function draw(most, count)
  local drawn, at = {}, {} -- at: what stands at a place where it did not stand at first
  for k = 1, math.min(most, count) do
    local place = math.random(k, count)
    drawn[k], at[place] = at[place] or place, at[k] or k
  end
  return drawn
end

---Writes some of the chunks of a text from where they are: no strings are made of them.
---@param sample dm.Sample
---@param s string
---@return integer count how many there are in all
local function write_some(self, sample, s)
  local base, spans, count = self.splitter:spans(s)
  local drawn = draw(self.sliceNum, count)
  local prefix = #drawn > 0 and prefix_of(self, sample)
  for k, number in ipairs(drawn) do
    local chunk = spans[number - 1]
    write(prefix .. (k - 1) .. ".txt", base + chunk.start, chunk["end"] - chunk.start)
  end
  kernel.trim(#s)
  return count
end

function Segmentation:execute(sample)
  local s = self:get_text(sample)
  local count = text.strip(s) == "" and 0 or write_some(self, sample, s)
  self:set_text(sample, "Success")
  sample.fileNum = count
  return { sample }
end

return Segmentation
