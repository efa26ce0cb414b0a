-- Twelve operators of Data-Juicer's recipes.
local dm = require "dm"
return dm.pipeline {
  operators = {
    { "fix_unicode_mapper" },
    { "punctuation_normalization_mapper" },
    { "whitespace_normalization_mapper" },
    { "clean_links_mapper" },
    { "clean_email_mapper" },
    { "clean_ip_mapper" },
    { "clean_copyright_mapper" },
    { "text_length_filter", min_len = 50, max_len = 1e6 },
    { "special_characters_filter", max_ratio = 0.4 },
    { "character_repetition_filter", rep_len = 10, max_ratio = 0.5 },
    { "alphanumeric_filter", min_ratio = 0.1 },
    { "average_line_length_filter", min_len = 5 },
  },
}
