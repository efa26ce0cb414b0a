-- The rules of ChineseWebText (Chen et al. 2023, https://arxiv.org/abs/2311.01149, section 2.3) for Chinese web pages,
-- with the limits of its published code: length, length of lines, share of ideographs, no traditional characters, few
-- sensitive words, little repetition inside of a text.
--   dmhost run examples/chinese_web.lua -i YOUR.jsonl -o kept.jsonl
-- The words here are only a sample: put yours in their place. Its quality model is no part of this.
local dm = require "dm"

local SENSITIVE = { "赌博", "博彩", "成人视频" }
local LONGEST_RUN, MOST_REPEATED = 13, 0.5

local ideographs = dm.text.charset { { 0x4E00, 0x9FA5 } }
local blanks, newline = dm.text.charset { " \n\t" }, dm.text.charset { "\n" }
local simplified = require("dm.text.chinese").converter "t2s"

local function lines(text) return newline:count(text) + 1 end

---How many of the words stand in a text, each counted once.
local function sensitive(text)
  local n = 0
  for _, word in ipairs(SENSITIVE) do
    if text:find(word, 1, true) then n = n + 1 end
  end
  return n
end

return dm.pipeline {
  input = "build/demo/corpus.jsonl",
  output = "out/",
  operators = {
    { "text_length_filter", min_len = 200, min_closed_interval = false },
    dm.filter(function(s) return dm.text.length(s.text) / lines(s.text) >= 10, "short lines" end),
    dm.filter(function(s) return ideographs:count(s.text) / dm.text.length(s.text) >= 0.3, "not Chinese" end),
    dm.filter(function(s) return simplified:convert(s.text) == s.text, "traditional" end),
    dm.filter(function(s) return sensitive(s.text) / lines(s.text) <= 0.5, "sensitive words" end),
    dm.filter(function(s)
      local text = blanks:replace(dm.text.lower(s.text), "")
      return dm.text.repeated(text, LONGEST_RUN) <= MOST_REPEATED, "repeats itself"
    end),
  },
}
