-- Keeps texts in which flagged words make up a certain share of the words. Words are cut at space, newline and
-- TAB, put in small letters, and stripped of special characters. Data-Juicer downloads its word lists when a recipe
-- names none; here the folder must be named, which may be that of its downloads, .cache/data_juicer/assets.
local WordShare = require "dm.word_share"

return WordShare:extend {
  name = "flagged_words_filter",
  summary = "Keep texts with a certain share of flagged words.",
  origin = "Data-Juicer",
  stats_key = "flagged_words_ratio",
  list_kind = "flagged_words",
  list_param = "flagged_words_dir",
  params = {
    { "flagged_words_dir", "string", required = true,
      doc = "folder with *flagged_words*.json, each { language: [words] }, in small letters" },
    { "min_ratio", "number", default = 0.0, doc = "least share" },
    { "max_ratio", "number", default = 0.045, doc = "greatest share" },
  },
  examples = {
    { params = { flagged_words_dir = "examples/words" }, input = { text = "good clean words" }, keep = true },
    { params = { flagged_words_dir = "examples/words" }, input = { text = "Damn! Damn it." }, keep = false },
  },
}
