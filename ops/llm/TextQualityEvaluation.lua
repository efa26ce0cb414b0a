-- Asks a model for six scores of a text, from 0 to 1: whether it is complete, consistent and informative, and how
-- much of finance, storage and medicine is in it. A long text is asked about in chunks, whose scores are weighted by
-- their lengths; chunks that the model gives no six scores for do not count. As in DataMate all are 0 when none does,
-- and with a file to write to (export_path) the text becomes "Success".
local LLM = require("dm.base_op").LLM
local datamate = require "dm.llm.datamate"
local embedded = require "dm.embedded"
local python_float = require "dm.python.float"
local sample_module = require "dm.sample"
local text = require "dm.text"

local SCORES = { "qua_score", "logic_score", "effective_score", "finance_score", "storage_score", "medical_score" }
local MAX_CHARACTERS, CHUNK, ASKED = 1048576, 4000, 3

local Evaluation = LLM:extend {
  name = "TextQualityEvaluation",
  summary = "Ask a model for six scores of a text.",
  origin = "DataMate",
  params = { datamate.PARAMS[1] },
  examples = {
    {
      params = { url = "http://localhost:8000/v1" },
      replies = { "0.5, 0.5, 0.25, 0.0, 0.0, 1.0" },
      input = { text = "a text" },
      output = { text = "a text", answer = { { qua_score = 0.5, logic_score = 0.5, effective_score = 0.25,
        finance_score = 0, storage_score = 0, medical_score = 1 } } },
    },
  },
}

function Evaluation:init()
  self.splitter = text.splitter { max_characters = MAX_CHARACTERS, chunk_size = CHUNK, chunk_overlap = 0 }
  self.number = text.regex [[\d+\.\d+]]
  self.head, self.tail = embedded.read("ops/llm/TextQualityEvaluation/template.txt"):match "^(.-){context}(.*)$"
end

---The last number of a piece of a reply, when it is a score.
local function score_of(self, piece)
  local last
  for found in self.number:gmatch(piece) do last = found end
  local v = last and python_float(last)
  return v and v >= 0 and v <= 1 and v or nil
end

---@return number[]? scores nil when the reply does not hold six
function Evaluation:read(reply)
  local scores = {}
  for piece in (reply .. ","):gmatch "([^,]*)," do scores[#scores + 1] = score_of(self, piece) end
  return #scores == #SCORES and scores or nil
end

---The model's scores of a chunk; it is asked again when there is no answer at all.
function Evaluation:rate(chunk)
  for _ = 1, ASKED do
    local reply = datamate.ask(self, self.head .. chunk .. self.tail)
    if reply then return self:read(reply) end
  end
end

---A number as Python's repr writes it; 0 when nothing was counted.
local function show(v, whole)
  if whole == 0 then return "0" end
  v = v / whole
  return v % 1 == 0 and ("%.1f"):format(v) or sample_module.json(v)
end

function Evaluation:execute(sample)
  local sums, whole = {}, 0
  for i = 1, #SCORES do sums[i] = 0 end
  for _, chunk in ipairs(self.splitter:split(self:get_text(sample))) do
    local scores, n = self:rate(chunk), text.length(chunk)
    if scores then
      whole = whole + n
      for i, v in ipairs(scores) do sums[i] = sums[i] + v * n end
    end
  end
  local fields = {}
  for i, name in ipairs(SCORES) do fields[i] = ('"%s": %s'):format(name, show(sums[i], whole)) end
  datamate.keep(self, sample, { "{" .. table.concat(fields, ", ") .. "}" }, "Success")
end

return Evaluation
