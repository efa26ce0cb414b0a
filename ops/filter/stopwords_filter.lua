-- Keeps texts in which stop words make up a certain share of the words: sentences have them, lists of names and
-- numbers have not. Words are cut at space, newline and TAB, put in small letters, and stripped of special
-- characters. Data-Juicer downloads its word lists when a recipe names none; here the folder must be named, which may
-- be that of its downloads, .cache/data_juicer/assets.
local WordShare = require "dm.word_share"

return WordShare:extend {
  name = "stopwords_filter",
  summary = "Keep texts with a certain share of stop words.",
  origin = "Data-Juicer",
  stats_key = "stopwords_ratio",
  list_kind = "stopwords",
  list_param = "stopwords_dir",
  params = {
    { "stopwords_dir", "string", required = true,
      doc = "folder with *stopwords*.json, each { language: [words] }, in small letters" },
    { "min_ratio", "number", default = 0.3, doc = "least share" },
    { "max_ratio", "number", default = 1.0, doc = "greatest share" },
  },
  examples = {
    { params = { stopwords_dir = "examples/words" }, input = { text = "It is a house on the hill." }, keep = true },
    { params = { stopwords_dir = "examples/words" }, input = { text = "house hill 12 tree" }, keep = false },
  },
}
