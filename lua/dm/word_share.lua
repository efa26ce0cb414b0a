-- What flagged_words_filter and stopwords_filter share: the share of a text's words that stand in a list.
local Filter = require("dm.base_op").Filter
local text = require "dm.text"
local word_lists = require "dm.word_lists"

---A filter on such a share. A class names the kind of its list in `list_kind` and the parameter with the list's
---folder in `list_param`.
---@class dm.WordShare
---@field list_kind string
---@field list_param string
---@field words dm.Words
---@field runs integer[] sizes of the runs of words that are looked at
local WordShare = Filter:extend {
  name = "WordShare",
  bounds = { "min_ratio", "max_ratio" },
  params = {
    { "lang", "string", default = "en", doc = 'language of the list; "all" joins all of them' },
    { "tokenization", "boolean", default = false, only_default = "it needs a SentencePiece model",
      doc = "look at a model's pieces instead of words" },
    { "use_words_aug", "boolean", default = false, doc = "look at runs of words too" },
    { "words_aug_group_sizes", "list", default = { 2 }, doc = "words in a run" },
    { "words_aug_join_char", "string", default = "", doc = "what stands between the words of a run" },
  },
}

function WordShare:init()
  self.runs = self.use_words_aug and self.words_aug_group_sizes or {}
  for _, size in ipairs(self.runs) do
    if type(size) ~= "number" or size < 1 or size % 1 ~= 0 then
      error(("%s: words_aug_group_sizes must be whole numbers from 1, not %s"):format(self.name, tostring(size)), 0)
    end
  end
  local ok, list = pcall(word_lists.load, self[self.list_param], self.list_kind, self.lang)
  if not ok then error(self.name .. ": " .. tostring(list), 0) end
  self.words = text.words(list)
end

function WordShare:measure(sample)
  local s = self:get_text(sample)
  local found, total = self.words:count(s)
  for _, size in ipairs(self.runs) do
    local more, runs = self.words:count_groups(s, size, self.words_aug_join_char)
    found, total = found + more, total + runs
  end
  return total == 0 and 0 or found / total
end

return WordShare
