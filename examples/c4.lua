-- The rules of C4 (Raffel et al. 2020, https://jmlr.org/papers/v21/20-074.html, section 2.2): English pages without the
-- words of a list, and of these the lines that end as sentences do.
--   dmhost run examples/c4.lua -i YOUR.jsonl -o kept.jsonl
-- The list in the folder words beside this file is only a sample: name a folder with your own. Where the paper drops
-- spans of three sentences that stood in the corpus before, a deduplicator is needed.
local dm = require "dm"

local here = (...):match "^.*/" or "" -- a pipeline file is given its own path

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "language_id_score_filter", lang = "en", min_score = 0.99 },
    { "flagged_words_filter", lang = "en", max_ratio = 0, flagged_words_dir = here .. "words" },
    { "C4QualityFilter" },
  },
}
