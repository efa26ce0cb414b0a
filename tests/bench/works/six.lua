-- "The six" of Data-Juicer's recipes.
local dm = require "dm"
return dm.pipeline {
  operators = {
    { "whitespace_normalization_mapper" },
    { "clean_links_mapper" },
    { "clean_email_mapper" },
    { "text_length_filter", min_len = 50, max_len = 1e6 },
    { "special_characters_filter", max_ratio = 0.4 },
    { "character_repetition_filter", rep_len = 10, max_ratio = 0.5 },
  },
}
