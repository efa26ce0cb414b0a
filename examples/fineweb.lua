-- What FineWeb does to the text of a page (Penedo et al. 2024, https://arxiv.org/abs/2406.17557, section 3), with the
-- operators and parameters of its published pipeline: language, the rules of Gopher, C4 and its own.
--   dmhost run examples/fineweb.lua -i YOUR.jsonl -o kept.jsonl
-- FineWeb blocks addresses and takes the text out of HTML before, removes near duplicates with MinHash behind, and at
-- last replaces e-mail and IP addresses, as here. Its language filter asks fastText, this one CLD2.
local dm = require "dm"

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "language_id_score_filter", lang = "en", min_score = 0.65 },
    { "GopherRepetitionFilter" },
    { "GopherQualityFilter" },
    { "C4QualityFilter", filter_no_terminal_punct = false },
    { "FineWebQualityFilter" },
    { "clean_email_mapper", repl = "email@example.com" },
    { "clean_ip_mapper", repl = "22.214.171.124" },
  },
}
