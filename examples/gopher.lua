-- The quality and repetition rules of Gopher's MassiveText (Rae et al. 2021, https://arxiv.org/abs/2112.11446, A.1.1).
--   dmhost run examples/gopher.lua -i YOUR.jsonl -o kept.jsonl
-- The ledger of the run names, for each row that went, the rule and the value. The paper's other steps, removal of
-- duplicates and of test sets, need the whole corpus.
local dm = require "dm"

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "language_id_score_filter", lang = "en", min_score = 0.65 },
    { "GopherQualityFilter" },
    { "GopherRepetitionFilter" },
  },
}
