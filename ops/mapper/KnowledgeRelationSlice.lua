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
local MOST_KEPT = 1024 * 1024 -- bytes of a buffer, from row to row
local C = ffi.C
local err, json, both = ffi.new "struct dm_error", ffi.new "struct dm_buf", ffi.new "struct dm_buf"

function KnowledgeRelationSlice:init()
  self.words = jieba.lazy(self.jiebaFolder)
end

---Appends bytes to a buffer, or a JSON string of them.
local function add(kernel_add, out, p, n)
  if kernel_add(out, p, n, err) < 0 then error(ffi.string(err.text), 0) end
end

---Appends a slice of one chunk or two, as Python's json.dumps writes it.
local function add_slice(base, one, other)
  local lead = json.n == 0 and '[{"slice_data": ' or '}, {"slice_data": '
  both.n = 0
  add(C.dm_json_add, both, base + one.start, one["end"] - one.start)
  if other then add(C.dm_json_add, both, base + other.start, other["end"] - other.start) end
  add(C.dm_json_add, json, lead, #lead)
  add(C.dm_json_add_string, json, both.p, both.n)
end

---Appends the slices of a group of chunks.
local function add_group(base, chunks, count, words)
  if count <= 2 then
    for i = 0, count - 1 do add_slice(base, chunks[i]) end
    return
  end
  local n, numbers = words:relate(base, chunks, count)
  if not n then failure.raise("ZeroDivisionError", "float division by zero") end
  for i = 0, n - 1 do
    local other = numbers[i][1]
    add_slice(base, chunks[numbers[i][0]], other >= 0 and chunks[other] or nil)
  end
end

local function give_back(buffer)
  if buffer.cap > MOST_KEPT then C.dm_buf_finish(buffer) end
end

function KnowledgeRelationSlice:clean(s)
  if s == "" then return "[]" end
  local made, splitter = pcall(text.splitter, { chunk_size = self.chunk_size, chunk_overlap = self.overlap_size })
  if not made then failure.raise("Exception", [[(83000, "<class 'ValueError'>")]]) end
  if text.strip(s) == "" then return "[]" end
  json.n = 0
  local words = self.words() -- first: what loads them would take the spans' place
  local base, chunks, count = splitter:spans(s)
  for first = 0, count - 1, GROUP do
    add_group(base, chunks + first, math.min(GROUP, count - first), words)
  end
  local result = json.n > 0 and ffi.string(json.p, json.n) .. "}]" or "[]"
  kernel.trim(#s)
  give_back(json)
  give_back(both)
  return result
end

return KnowledgeRelationSlice
