-- Recipes through the real Data-Juicer and through dmhost: the same rows. `make test-datajuicer` installs it.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote
local PYTHON = os.getenv "DM_DATAJUICER_PYTHON"
local HERE = t.first_line "pwd"

local WORDS = {}
for word in ("the of and to in is you that it he was for on are as with his they I at be this have from or one "
  .. "had by word but not what all were we when your can said there use an each which "
  .. "she do how their if will up"):gmatch "%S+"
do WORDS[#WORDS + 1] = word end

local ODD = {
  function(text) return text .. " mail me at foo.bar@example.com or see https://example.com/a?b=c (x)" end,
  function(text) return text:gsub(" ", "  \227\128\128", 3) end,
  function(text) return text:gsub(" ", "\n") end,
  function(text) return text .. "！？，。“quoted” «x»" end,
  function(text) return text .. (" abc"):rep(60) end,
  function() return ("数据清洗变得越来越重要。"):rep(4) end,
  function(text) return text .. (" &amp; cafÃ© #$%&"):rep(3) end,
  function(text) return text end,
}

---Rows of many kinds, the same each time; some have no text.
local function corpus()
  local rows, x = {}, 7
  local function random(n)
    x = (x * 1103515245 + 12345) % 2147483648
    return math.floor(x / 65536) % n + 1
  end
  for i = 1, 400 do
    local words = {}
    for k = 1, ({ 0, 3, 12, 40, 150, 400 })[random(6)] do words[k] = WORDS[random(#WORDS)] end
    local text = (ODD[random(#ODD)](table.concat(words, " ")))
    rows[i] = ('{"id": %d, "text": %s, "meta": {"src": "a", "n": %.1f}}'):format(i,
      i % 50 == 0 and "null" or json.encode(text), i * 1.5)
  end
  return table.concat(rows, "\n") .. "\n"
end

---Puts the numbers of `like` in the place of those that are nearly the same: Data-Juicer writes ten digits.
local function aligned(v, like)
  if type(v) == "number" and type(like) == "number" and math.abs(v - like) < 1e-9 then return like end
  if type(v) ~= "table" or type(like) ~= "table" then return v end
  local copy = {}
  for k, inner in pairs(v) do copy[k] = aligned(inner, like[k]) end
  return copy
end

describe("the real Data-Juicer", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus())
    t.write(dir .. "/custom.py", t.read(HERE .. "/tests/datajuicer/custom.py"))
  end)
  after_each(t.clean)

  local function same_rows(recipe)
    if not PYTHON or PYTHON == "" then pending(t.excuse "DM_DATAJUICER_PYTHON is not set: make test-datajuicer") end
    t.write(dir .. "/recipe.yaml", "dataset_path: ./in.jsonl\nexport_path: ./theirs/out.jsonl\nnp: 1\n"
      .. "open_monitor: false\nuse_cache: false\n" .. recipe)
    local status, _, err = t.shell(("cd %s && HF_HOME=%s/hf %s --config recipe.yaml"):format(q(dir), q(dir),
      q(PYTHON:match "^(.*/)" .. "dj-process")))
    assert.equal(0, status, err)
    status, _, err = t.shell(("cd %s && %s run recipe.yaml -o ours.jsonl"):format(q(dir), q(t.DMHOST)))
    assert.equal(0, status, err)
    local theirs, ours = t.json_lines(dir .. "/theirs/out.jsonl"), t.json_lines(dir .. "/ours.jsonl")
    assert.is_true(#theirs > 100)
    assert.equal(#theirs, #ours)
    for i, row in ipairs(theirs) do assert.same(row, aligned(ours[i], row)) end
  end

  it("gives the rows that dmhost's own operators give", function()
    same_rows [[
process:
  - clean_email_mapper:
  - clean_links_mapper:
  - fix_unicode_mapper:
  - punctuation_normalization_mapper:
  - whitespace_normalization_mapper:
  - alphanumeric_filter: {tokenization: false, min_ratio: 0.5, max_ratio: 0.95}
  - average_line_length_filter: {min_len: 3, max_len: 3e3}
  - character_repetition_filter: {rep_len: 10, max_ratio: 0.6}
  - maximum_line_length_filter: {min_len: 5}
  - special_characters_filter: {max_ratio: 0.45}
  - words_num_filter: {min_num: 3, max_num: 300}
  - word_repetition_filter: {lang: en, tokenization: false, rep_len: 10, max_ratio: 0.6}
]]
  end)
  it("gives the rows that are left of the whole corpus, in the same order", function()
    same_rows [[
process:
  - whitespace_normalization_mapper:
  - document_deduplicator: {lowercase: true}
  - text_length_filter: {min_len: 1}
  - document_minhash_deduplicator: {tokenization: space, jaccard_threshold: 0.9}
  - clean_links_mapper:
  - range_specified_field_selector: {field_key: meta.n, lower_percentile: 0.1, upper_percentile: 0.95}
  - topk_specified_field_selector: {field_key: meta.n, topk: 120}
]]
  end)
  it("runs its operators and the user's for dmhost, to the same rows", function()
    same_rows [[
custom_operator_paths: [custom.py]
keep_stats_in_res_ds: true
process:
  - clean_email_mapper:
  - reverse_words_mapper:
  - source_mapper:
  - vowel_filter: {min_share: 0.2, max_share: 0.36}
  - text_length_filter: {min_len: 20}
  - python_lambda_mapper: {lambda_str: "lambda s: dict(s, n=len(s['text']))"}
]]
  end)
end)
