-- Cuts a text into chunks, and joins each chunk with the one of those that follow which says most about the same: the
-- best by BM25 over jieba's words, among groups of 50 chunks. The text becomes a JSON list of { "slice_data": chunks }.
local datamate = require "dm.datamate"
local failure = require "dm.failure"
local jieba = require "dm.jieba"
local text = require "dm.text"

local KnowledgeRelationSlice = datamate.TextMapper:extend {
  name = "KnowledgeRelationSlice",
  cost = "50 chunks are compared with each other",
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

---What of a chunk's words BM25 needs. Words become numbers, the same for all documents that share `ids`.
---@param words string[]
---@param ids table<string|integer, integer> how many there are stands at 0
local function document(words, ids)
  local list, counts, distinct = {}, {}, {}
  for i, word in ipairs(words) do
    local id = ids[word]
    if not id then
      id = ids[0] + 1
      ids[0], ids[word] = id, id
    end
    if not counts[id] then distinct[#distinct + 1] = id end
    counts[id] = (counts[id] or 0) + 1
    list[i] = id
  end
  return { words = list, counts = counts, distinct = distinct }
end

---How much a word tells, by word: little when many documents have it.
---@param documents table[]
local function weights_of(documents)
  local having, order, weights, logs, sum = {}, {}, {}, {}, 0
  for _, doc in ipairs(documents) do
    for _, id in ipairs(doc.distinct) do
      if not having[id] then order[#order + 1] = id end
      having[id] = (having[id] or 0) + 1
    end
  end
  if #order == 0 then failure.raise("ZeroDivisionError", "division by zero") end
  for k = 0, #documents do logs[k] = math.log(k + 0.5) end
  for _, id in ipairs(order) do
    weights[id] = logs[#documents - having[id]] - logs[having[id]]
    sum = sum + weights[id]
  end
  local least = EPSILON * (sum / #order)
  for _, id in ipairs(order) do
    if weights[id] < 0 then weights[id] = least end
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
  for _, id in ipairs(query.words) do
    local count = doc.counts[id]
    if count then sum = sum + weights[id] * (count * (K1 + 1) / (count + norm)) end
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
  local documents, ids = {}, { [0] = 0 }
  for i, chunk in ipairs(chunks) do
    documents[i] = document(words:cut(chunk), ids)
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
