-- Cuts a text into chunks, and joins each chunk with the one of those that follow which says most about the same: the
-- best by BM25 over jieba's words, among groups of 50 chunks. The text becomes a JSON list of { "slice_data": chunks }.
local datamate = require "dm.datamate"
local dm = require "dm"
local failure = require "dm.failure"
local jieba = require "dm.jieba"
local text = require "dm.text"

local KnowledgeRelationSlice = datamate.TextMapper:extend {
  name = "KnowledgeRelationSlice",
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
  self.words = dm.lazy(function() return jieba.load(self.jiebaFolder) end)
end

---What of a chunk's words BM25 needs.
---@param words string[]
local function document(words)
  local counts, distinct = {}, {}
  for _, word in ipairs(words) do
    if not counts[word] then distinct[#distinct + 1] = word end
    counts[word] = (counts[word] or 0) + 1
  end
  return { words = words, counts = counts, distinct = distinct }
end

---How much a word tells, by word: little when many documents have it.
---@param documents table[]
local function weights_of(documents)
  local having, order, weights = {}, {}, {}
  for _, doc in ipairs(documents) do
    for _, word in ipairs(doc.distinct) do
      if not having[word] then order[#order + 1] = word end
      having[word] = (having[word] or 0) + 1
    end
  end
  if #order == 0 then failure.raise("ZeroDivisionError", "division by zero") end
  local sum = 0
  for _, word in ipairs(order) do
    weights[word] = math.log(#documents - having[word] + 0.5) - math.log(having[word] + 0.5)
    sum = sum + weights[word]
  end
  local least = EPSILON * (sum / #order)
  for _, word in ipairs(order) do
    if weights[word] < 0 then weights[word] = least end
  end
  return weights
end

local function mean_length(documents)
  local sum = 0
  for _, doc in ipairs(documents) do sum = sum + #doc.words end
  return sum / #documents
end

---How much a document says about a query's words (Okapi BM25: Robertson and others, 1994).
local function score(doc, query, weights, mean)
  local sum, norm = 0, K1 * (1 - B + B * #doc.words / mean)
  for _, word in ipairs(query.words) do
    local count = doc.counts[word]
    if count then sum = sum + weights[word] * (count * (K1 + 1) / (count + norm)) end
  end
  return sum
end

---The place of the document that fits the query best.
local function best_of(documents, query)
  local weights, mean = weights_of(documents), mean_length(documents)
  local best, most
  for i, doc in ipairs(documents) do
    local s = score(doc, query, weights, mean)
    if not best or s > most then best, most = i, s end
  end
  return best
end

---Adds the chunks of a group to the list, in pairs.
local function pair_up(list, chunks, words)
  local documents = {}
  for i, chunk in ipairs(chunks) do
    documents[i] = document(words:cut(chunk))
    documents[i].chunk = chunk
  end
  while #documents > 0 do
    local query = table.remove(documents, 1)
    local other = documents[1] and table.remove(documents, best_of(documents, query))
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
