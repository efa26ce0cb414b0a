-- Cuts a text into chunks, and joins each chunk with the one of those that follow which says most about the same: the
-- best by BM25 over jieba's words, among groups of 50 chunks. The text becomes a JSON list of { "slice_data": chunks }.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local failure = require "dm.failure"
local jieba = require "dm.jieba"
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

local GROUP = 50
local K1, B, EPSILON = 1.5, 0.75, 0.25

function KnowledgeRelationSlice:init()
  self.words = jieba.lazy(self.jiebaFolder)
end

local ints, doubles = ffi.typeof "int32_t[?]", ffi.typeof "double[?]"

---A chunk's words as numbers; each word once, in order, is in `distinct`.
---@param words dm.Jieba
---@param chunk string
---@param seen table<integer, integer> the last chunk with a word, by its number
---@param place integer of the chunk in its group, from 1
local function document(words, chunk, seen, place)
  local list, n = words:number(chunk, place == 1)
  local distinct, ndistinct = ints(n), 0
  for i = 0, n - 1 do
    local id = list[i]
    if seen[id] ~= place then
      seen[id], distinct[ndistinct] = place, id
      ndistinct = ndistinct + 1
    end
  end
  return { words = list, n = n, distinct = distinct, ndistinct = ndistinct, chunk = chunk }
end

---What BM25 needs of a group of documents beside their words: arrays by number of a word.
---@param documents table[]
---@param n integer how many words there are
local function index(documents, n)
  for _, doc in ipairs(documents) do
    local counts = ints(n)
    for i = 0, doc.n - 1 do counts[doc.words[i]] = counts[doc.words[i]] + 1 end
    doc.counts = counts
  end
  return { n = n, having = ints(n), order = ints(n), weights = doubles(n) }
end

---Finds how many documents have each word, and the order in which words come first; returns how many words there are.
local function count_having(documents, words)
  local having, order, n = words.having, words.order, 0
  ffi.fill(having, 4 * words.n)
  for _, doc in ipairs(documents) do
    local distinct = doc.distinct
    for i = 0, doc.ndistinct - 1 do
      local id = distinct[i]
      if having[id] == 0 then
        order[n] = id
        n = n + 1
      end
      having[id] = having[id] + 1
    end
  end
  return n
end

local logs = {}
for k = 0, GROUP do logs[k] = math.log(k + 0.5) end

---Finds how much each word tells: little when many documents have it. Sums are taken in the order of words, since
---another order might give another last digit.
---@param documents table[]
local function weigh(documents, words)
  local having, order, weights, sum = words.having, words.order, words.weights, 0
  local n = count_having(documents, words)
  if n == 0 then failure.raise("ZeroDivisionError", "float division by zero") end
  for i = 0, n - 1 do
    local id = order[i]
    weights[id] = logs[#documents - having[id]] - logs[having[id]]
    sum = sum + weights[id]
  end
  local least = EPSILON * (sum / n)
  for i = 0, n - 1 do
    if weights[order[i]] < 0 then weights[order[i]] = least end
  end
end

local function mean_length(documents)
  local sum = 0
  for _, doc in ipairs(documents) do sum = sum + doc.n end
  return sum / #documents
end

---How much a document says about a query's words (Okapi BM25: Robertson and others, 1994); in DataMate's order of
---products and quotients, since another might make other documents equal.
local function score(doc, query, weights, mean)
  local sum, norm, counts, words = 0, K1 * (1 - B + B * doc.n / mean), doc.counts, query.words
  for i = 0, query.n - 1 do
    local count = counts[words[i]]
    if count > 0 then sum = sum + weights[words[i]] * count * (K1 + 1) / (count + norm) end
  end
  return sum
end

---The place of the document that fits the query best.
local function best_of(documents, query, words)
  weigh(documents, words)
  local mean, best, most = mean_length(documents), nil, nil
  for i, doc in ipairs(documents) do
    local s = score(doc, query, words.weights, mean)
    if not best or s > most then best, most = i, s end
  end
  return best
end

---Adds the chunks of a group to the list, in pairs.
local function pair_up(list, chunks, jieba_words)
  local documents, seen = {}, {}
  for i, chunk in ipairs(chunks) do documents[i] = document(jieba_words, chunk, seen, i) end
  local words = index(documents, #seen + 1) -- numbers begin with 0
  while #documents > 0 do
    local query = table.remove(documents, 1)
    local other = documents[1] and table.remove(documents, best_of(documents, query, words))
    list[#list + 1] = query.chunk .. (other and other.chunk or "")
  end
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\t"] = "\\t" }

---A list of slices as Python's json.dumps writes it.
local function as_json(list)
  for i, chunk in ipairs(list) do
    list[i] = '{"slice_data": "' .. chunk:gsub('[%c"\\]', function(c)
      return ESCAPES[c] or c < " " and ("\\u%04x"):format(c:byte()) or c
    end) .. '"}'
  end
  return "[" .. table.concat(list, ", ") .. "]"
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
