-- Cleans a multilingual web-like corpus: what most recipes begin with.
--   dmhost run examples/clean.lua -i YOUR.jsonl -o clean.jsonl
local dm = require "dm"

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "whitespace_normalization_mapper" },
    { "clean_links_mapper", repl = "" },
    { "clean_email_mapper", repl = "" },
    { "text_length_filter", min_len = 50, max_len = 1e6 },
    { "special_characters_filter", max_ratio = 0.4 },
    { "character_repetition_filter", rep_len = 10, max_ratio = 0.5 },

    -- Operators can be functions of the pipeline file: here, a field that later stages want.
    dm.map(function(sample)
      sample.length = dm.text.length(sample.text)
    end),
  },
}
