-- Cuts a text into chunks, and joins each chunk with the one of those that follow which says most about the same: the
-- best by BM25 over jieba's words, among groups of 50 chunks. The text becomes a JSON list of { "slice_data": chunks }.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local failure = require "dm.datamate.failure"
local jieba = require "dm.text.jieba"
local kernel = require "dm.text.kernel"
local text = require "dm.text"

local KnowledgeRelationSlice = datamate.TextMapper:extend {
  name = "KnowledgeRelationSlice",
  cost = "cutting Chinese into words; 50 chunks are compared with each other",
  summary = "Turn a text into a list of pairs of related chunks.",
  params = {
    { "chunk_size", "integer", default = 500, doc = "code points in a chunk, at most" },
    { "overlap_size", "integer", default = 100, doc = "code points that a chunk may repeat" },
    jieba.FOLDER,
  },
  examples = { { input = { text = "one" }, output = { text = '[{"slice_data": "one"}]' } } },
}

local GROUP = jieba.MOST_CHUNKS

function KnowledgeRelationSlice:init()
  self.words = jieba.lazy(self.jiebaFolder)
end

---Adds the chunks of a group to the list, in pairs.
local function pair_up(list, chunks, words)
  local pairs_of = words:relate(chunks) or failure.raise("ZeroDivisionError", "float division by zero")
  for _, pair in ipairs(pairs_of) do
    list[#list + 1] = chunks[pair[1]] .. (pair[2] and chunks[pair[2]] or "")
  end
end

local err = ffi.new "struct dm_error"

local function add(kernel_add, s)
  if kernel_add(kernel.out, s, #s, err) < 0 then error(ffi.string(err.text), 0) end
end

---A list of slices as Python's json.dumps writes it.
local function as_json(list)
  kernel.out.n = 0
  for i, chunk in ipairs(list) do
    add(ffi.C.dm_json_add, i == 1 and '[{"slice_data": ' or '}, {"slice_data": ')
    add(ffi.C.dm_json_add_string, chunk)
  end
  add(ffi.C.dm_json_add, #list > 0 and "}]" or "[]")
  return kernel.result(1, "")
end

local function split(self, s)
  local made, splitter = pcall(text.splitter, { chunk_size = self.chunk_size, chunk_overlap = self.overlap_size })
  if not made then failure.raise("Exception", [[(83000, "<class 'ValueError'>")]]) end
  return text.strip(s) == "" and {} or splitter:split(s)
end

function KnowledgeRelationSlice:clean(s)
  if s == "" then return "[]" end
  local chunks, list = split(self, s), {}
  for first = 1, #chunks, GROUP do
    local group = { unpack(chunks, first, math.min(first + GROUP - 1, #chunks)) }
    if #group > 2 then
      pair_up(list, group, self.words())
    else
      for _, chunk in ipairs(group) do list[#list + 1] = chunk end
    end
  end
  return as_json(list)
end

return KnowledgeRelationSlice
