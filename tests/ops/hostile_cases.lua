-- What hostile texts are given to: every operator that waits for nobody, with its defaults and with parameters that
-- make it work in other ways or go on where it would stop; and the verbs that operators of users call.
local dm = require "dm"
local pieces = require "dm.pieces"
local registry = require "dm.registry"
local t = require "tests.support"

local M = {}

local FOLDER = t.scratch()

---The beginnings of one word: where they are looked for, each place holds as many as fit.
local function beginnings(letter, n)
  local list = {}
  for i = 1, n do list[i] = letter:rep(i) end
  return list
end

local NESTED = beginnings("a", 200)
for _, word in ipairs(beginnings("中", 200)) do NESTED[#NESTED + 1] = word end

local function lists(kind)
  local quoted = {}
  for i, word in ipairs(NESTED) do quoted[i] = ("%q"):format(word) end
  t.write(("%s/%s.json"):format(FOLDER, kind), ('{"en": [%s]}'):format(table.concat(quoted, ",")))
  return FOLDER
end

local WORD_FILE = t.write(FOLDER .. "/words.txt", table.concat(NESTED, "\n") .. "\n")

local ALL = { min_ratio = 0, max_ratio = 1e9, keep_stats_in_res_ds = true }

---Those parameters and these.
local function with(given, more)
  local all = {}
  for k, v in pairs(given) do all[k] = v end
  for k, v in pairs(more) do all[k] = v end
  return all
end

---A repeated run of so many.
local function repetitions(...)
  local list = {}
  for i, n in ipairs { ... } do list[i] = with(ALL, { rep_len = n }) end
  return list
end

local PATTERNS = {
  { repl = "\\g<0>\\g<0>" },
  { repl = ("x"):rep(50) },
  { pattern = "\\bexample\\b", repl = "\\g<0>" },
}

---Parameters of operators beside their defaults.
M.PARAMETERS = {
  C4QualityFilter = {
    { split_paragraph = false, min_num_sentences = -1, filter_curly_bracket = false, filter_lorem_ipsum = false },
    { min_num_sentences = -1, min_words_per_line = -1, max_word_length = -1, filter_no_terminal_punct = false,
      filter_curly_bracket = false, filter_lorem_ipsum = false, filter_javascript = false, filter_policy = false },
  },
  FileWithHighRepeatPhraseRateFilter = { { hitStopwords = true } },
  FileWithManySensitiveWordsFilter = { { wordFiles = { WORD_FILE } } },
  PoliticalWordCleaner = { { wordFiles = { WORD_FILE } } },
  FineWebQualityFilter = {
    { line_punct_thr = 0, short_line_thr = 1, char_duplicates_ratio = 2, new_line_ratio = 1e9 },
    { line_punct_thr = 0, short_line_thr = 1, short_line_length = 1e9, char_duplicates_ratio = 2, new_line_ratio = 1e9,
      stop_chars = { "a", "中", "\n" } },
  },
  GopherQualityFilter = {
    { min_doc_words = 0, max_doc_words = 1e9, min_avg_word_length = 0, max_avg_word_length = 1e9,
      max_symbol_word_ratio = 1e9, max_bullet_lines_ratio = 2, max_ellipsis_lines_ratio = 2,
      max_non_alpha_words_ratio = 0, min_stop_words = 40, stop_words = beginnings("a", 20) },
  },
  GopherRepetitionFilter = {
    { dup_line_frac = 2, dup_para_frac = 2, dup_line_char_frac = 2, dup_para_char_frac = 2,
      top_n_grams = { { 1, 9 }, { 2, 9 }, { 3, 9 } }, dup_n_grams = { { 5, 9 }, { 10, 9 } } },
    { dup_line_frac = 2, dup_para_frac = 2, dup_line_char_frac = 2, dup_para_char_frac = 2,
      top_n_grams = { { 20, 9 } }, dup_n_grams = { { 20, 9 } } },
  },
  HtmlTagCleaner = { { removeTableTags = true } },
  KnowledgeRelationSlice = { { chunk_size = 1e6, overlap_size = 0 } },
  Segmentation = { { chunkSize = 1, chunkOverlap = 0 }, { chunkSize = 1000, chunkOverlap = 900, sliceNum = 0 } },
  alphanumeric_filter = { ALL },
  average_line_length_filter = { { min_len = 0, keep_stats_in_res_ds = true } },
  character_repetition_filter = repetitions(1, 10, 1000, 1e6),
  chinese_convert_mapper = { { mode = "t2s" }, { mode = "s2twp" } },
  clean_email_mapper = PATTERNS,
  clean_ip_mapper = PATTERNS,
  clean_links_mapper = PATTERNS,
  extract_tables_from_html_mapper = { { retain_html_tags = true }, { include_header = false } },
  fix_unicode_mapper = { { normalization = "NFD" }, { normalization = "NFKC" }, { normalization = "NFKD" } },
  flagged_words_filter = { with(ALL, { flagged_words_dir = lists "flagged_words" }) },
  stopwords_filter = { with(ALL, { stopwords_dir = lists "stopwords" }) },
  general_field_filter = { { filter_condition = "text == 'a' and text < 'b' or meta == 1" } },
  language_id_score_filter = { { lang = { "en", "zh" }, min_score = 0 } },
  remove_comments_mapper = { { inline = false }, { multiline = false } },
  remove_long_words_mapper = { { min_len = 2, max_len = 5 } },
  remove_non_chinese_character_mapper = { { keep_alphabet = false, keep_number = false, keep_punc = false } },
  remove_repeat_sentences_mapper = {
    { lowercase = true, min_repeat_sentence_length = 0 },
    { ignore_special_character = false, min_repeat_sentence_length = 0 },
  },
  remove_specific_chars_mapper = { { chars_to_remove = NESTED }, { chars_to_remove = "a中 \n" } },
  remove_table_text_mapper = { { min_col = 20, max_col = 20 }, { min_col = 2, max_col = 2 } },
  remove_words_with_incorrect_substrings_mapper = { { substrings = NESTED } },
  replace_content_mapper = {
    { pattern = "a", repl = "\\g<0>b" },
    { pattern = { "(a)|(b)", "\\d+", "", "(?=a)", "." }, repl = { "\\1\\2", "#", "", "", "\\g<0>" } },
    { pattern = "(?s).*", repl = "\\g<0>" },
    { pattern = "(?m)^.*$", repl = "<\\g<0>>" },
  },
  specified_field_filter = { { field_key = "text", target_value = { "a", 1 } } },
  specified_numeric_field_filter = { { field_key = "text" } },
  tags_specified_field_selector = { { field_key = "text", target_tags = { "a" } } },
  text_chunk_mapper = {
    { max_len = 1000, overlap_len = 500, split_pattern = dm.null },
    { max_len = 1000, split_pattern = "\\n" },
    { split_pattern = "[^\\n]\\n" },
  },
  text_splitter_slicer = { { chunk_size = 100, chunk_overlap = 50 }, { chunk_size = 1e5, chunk_overlap = 0 } },
  word_repetition_filter = repetitions(1, 10, 1000, 1e6),
  words_num_filter = { { min_num = 0, keep_stats_in_res_ds = true } },
}

local text, bytes = dm.text, dm.bytes

local function exhaust(...)
  for _ in ... do end -- luacheck: ignore 542
end

---A verb that takes a text and a value.
local function verb(fn, value)
  return function(s) return fn(s, value) end
end

---Every verb of a regular expression.
local function regex(pattern, flags)
  return function()
    local re = text.regex(pattern, flags)
    return function(s)
      re:find(s)
      re:last(s)
      re:count(s)
      re:replace(s, "\\g<0>.")
      exhaust(re:gmatch(s))
      exhaust(re:spans(s))
    end
  end
end

local function always(fn) return function() return fn end end

---What operators of users call, by name: makes a function of a text.
M.VERBS = {
  ["text.charset"] = function()
    local set = text.charset { { 0x61, 0x7A }, "中" }
    return function(s)
      set:keep(s)
      set:remove(s)
      set:shift(s, 1)
    end
  end,
  ["text.clean_emails"] = always(verb(text.clean_emails, "\\g<0>")),
  ["text.clean_links"] = always(verb(text.clean_links, "\\g<0>")),
  ["text.length, sub, strip, lines"] = always(function(s)
    text.sub(s, 5, -5)
    text.strip(s)
    text.lines(s)
    text.special(s)
    return text.length(s)
  end),
  ["text.lower, upper"] = always(function(s) return text.upper(text.lower(s)) end),
  ["text.matcher"] = function()
    local matcher = text.matcher({ "a", "aa", "aaa", "中中", "1 1" }, { 0x20, 0x2E })
    return function(s)
      pcall(matcher.search, matcher, s)
      matcher:count(s)
      matcher:star(s)
    end
  end,
  ["text.normalize"] = always(function(s)
    for _, form in ipairs { "NFC", "NFD", "NFKC", "NFKD" } do text.normalize(s, form) end
  end),
  ["text.regex of a letter"] = regex "a",
  ["text.regex of a class"] = regex "[^a]{9}",
  ["text.regex of letters"] = regex("\\bexample\\b|\\d++", "i"),
  ["text.regex of nothing"] = regex "(?=a)|$",
  ["text.regex of a line"] = regex("^(.)(.*)$", "m"),
  ["text.repeated"] = always(verb(text.repeated, 5)),
  ["text.splitter"] = function()
    local splitter = text.splitter { chunk_size = 4, chunk_overlap = 3 }
    return function(s) return splitter:split(s) end
  end,
  ["text.words"] = function()
    local words = text.words(NESTED)
    return function(s)
      words:find(s)
      words:count(s)
      words:count_groups(s, 3, " ")
      words:count_groups(s, 1000)
      words:replace(s, "*")
    end
  end,
}

---What takes bytes that need not be text, and says so.
M.BYTE_VERBS = {
  ["bytes.charset, to_utf8"] = always(function(s)
    bytes.charset(s)
    return bytes.to_utf8(s)
  end),
  ["bytes.from_base64, from_hex"] = always(function(s)
    pcall(bytes.from_hex, s)
    return bytes.from_base64(s)
  end),
  ["bytes.gunzip"] = always(verb(bytes.gunzip)),
  ["bytes.unzstd"] = always(verb(bytes.unzstd)),
  ["bytes.gunzip of a bomb"] = always(function(s) return bytes.gunzip(bytes.gzip(s), 1e5) end),
  ["bytes there and back"] = always(function(s)
    assert(bytes.from_base64(bytes.to_base64(s)) == s)
    assert(bytes.from_hex(bytes.to_hex(s)) == s)
    assert(bytes.gunzip(bytes.gzip(s)) == s)
    assert(bytes.unzstd(bytes.zstd(s)) == s)
    return bytes.sha256(s) .. bytes.md5(s) .. bytes.xxh3(s)
  end),
}
for _, charset in ipairs { "GB18030", "Big5", "UTF-16LE", "UTF-16", "UTF-7", "ISO-2022-JP", "HZ", "EUC-KR", "Shift_JIS",
    "windows-1252", "UTF-32", "UTF-8" } do
  M.BYTE_VERBS["bytes.to_utf8 of " .. charset] = always(verb(bytes.to_utf8, charset))
end
M.BYTE_VERBS["sample.text = bytes"] = always(function(s) dm.sample({}).text = s end)
M.BYTE_VERBS["a row of bytes"] = always(function(s)
  local sample = require "dm.sample"
  pcall(sample.parse, s)
  local row = sample.parse('{"text":"' .. s:gsub("\n", " ") .. '"}')
  return dm.totable(row)
end)
M.BYTE_VERBS["json.decode"] = always(function(s)
  local json = require "dm.json"
  pcall(json.decode, s)
  return json.encode(json.decode('["' .. s .. '"]'))
end)
M.BYTE_VERBS["yaml.parse"] = always(function(s)
  local yaml = require "dm.yaml"
  return yaml.value(yaml.parse("a.yaml", s))
end)

local function row_of(piece, n, open, close)
  return require("dm.sample").parse(open .. piece:rep(n, ",") .. close)
end

---Work on samples of about so many bytes.
M.SAMPLES = {
  ["fields of other names"] = function(size)
    local s = dm.sample {}
    for i = 1, size / 16 do s["f" .. i] = i end
    for i = 1, size / 16 do assert(s["f" .. i] == i) end
    for i = 1, size / 16 do s["f" .. i] = nil end
  end,
  ["a list that grows and is read"] = function(size)
    local s = dm.sample { list = dm.array {} }
    for i = 1, size / 8 do s.list[#s.list + 1] = i end
    for i = 1, size / 8 do assert(s.list[i] == i) end
    for i = size / 8, 1, -7 do s.list[math.floor(i)] = "a" end
    for i = #s.list, 1, -1 do s.list[i] = nil end
  end,
  ["a field written again and again"] = function(size)
    local s = dm.sample {}
    for _ = 1, size / 100 do s.text = ("a"):rep(100) end
  end,
  ["a list of the row, by number"] = function(size)
    local s = row_of("1", size / 2, '{"list":[', "]}")
    local list = s.list
    for i = 1, #list do assert(list[i] == 1) end
    for i = #list, 1, -1 do assert(list[i] == 1) end
    for i, v in ipairs(list) do assert(i and v) end
    dm.totable(dm.clone(s))
  end,
  ["lists of one list"] = function(size)
    local s = row_of("[[1]]", size / 6, '{"list":[', "]}")
    for _, v in dm.each(s.list) do assert(v[1][1] == 1) end
    for i = 1, #s.list do s.list[i][1][#s.list[i][1] + 1] = i end
    dm.totable(s)
  end,
  ["equal keys"] = function(size)
    local s = row_of('"a":1', size / 6, "{", "}")
    assert(s.a == 1)
    s.a = 2
    exhaust(dm.each(s))
    for k in dm.each(s) do assert(s[k]) end
    s.a = nil
    dm.clone(s)
  end,
  ["other keys"] = function(size)
    local keys = {}
    for i = 1, size / 12 do keys[i] = ('"f%d":%d'):format(i, i) end
    local s = require("dm.sample").parse("{" .. table.concat(keys, ",") .. "}")
    for k, v in dm.each(s) do assert(k == "f" .. v) end
    for i = 1, #keys do assert(s["f" .. i] == i) end
    for i = 1, #keys do s["f" .. i] = i + 1 end
    dm.totable(s)
  end,
  ["escapes"] = function(size)
    local s = require("dm.sample").parse('{"text":"' .. ("\\u00e9\\ud83d\\ude00\\n"):rep(size / 20) .. '"}')
    s.text = s.text .. "\0"
    dm.clone(s)
  end,
  ["a list of YAML in one line"] = function(size)
    local yaml = require "dm.yaml"
    assert(#yaml.value(yaml.parse("a.yaml", "[" .. ("x, "):rep(size / 16) .. "]")) == math.floor(size / 16))
  end,
  ["lists in lists"] = function(size)
    pcall(require("dm.sample").parse, ("["):rep(size))
    pcall(require("dm.sample").parse, ('{"a":'):rep(size / 5))
    local s = require("dm.sample").parse('{"a":' .. ("[1,"):rep(400) .. "1" .. ("]"):rep(400) .. "}")
    dm.totable(dm.clone(s))
    row_of("[[[]]]", size / 7, '{"a":[', "]}")
  end,
  ["a long number"] = function(size)
    local s = require("dm.sample").parse('{"a":' .. ("1"):rep(size) .. ',"b":1.' .. ("1"):rep(size) .. "}")
    dm.clone(s)
    pcall(function() return s.a + s.b end)
  end,
}

---@class dm.HostileCase
---@field name string
---@field texts "text"|"bytes"|"size" what it is given
---@field make fun(): (fun(given: any), (fun(text: string): any)?) what to try, and what makes of a text what it takes

local function sample_of(op, s)
  local kind = op.name == "XMLTagCleaner" and "xml" or "txt"
  local sample = dm.sample { data = "", fileName = "a.txt", fileType = kind, fileId = "1", filePath = "/a.txt",
    instance_id = "1", meta = {}, export_path = FOLDER }
  sample.text = s
  return sample
end

---An operator with those parameters and those that its first example gives which makes one.
---@param class table
---@param given table
---@return dm.BaseOp
function M.operator(class, given)
  local ok, op = pcall(class, given)
  local why = op
  for _, example in ipairs(class.examples) do
    if ok then return op end
    ok, op = pcall(class, with(example.params or {}, given))
  end
  return ok and op or error(why, 0)
end

---Slices as a run does.
local function slice(op, sample)
  local list = op:slice(sample, true)
  for first = 1, pieces.is(list) and #list or 0, pieces.PORTION do
    pieces.make(list, sample, first, math.min(#list, first + pieces.PORTION - 1))
  end
end

---What an operator does with a sample, and what makes a sample of a text.
---@param op dm.BaseOp
---@return fun(sample: dm.Sample): any
---@return fun(s: string): dm.Sample
function M.run(op)
  local execute = op.kind == "slicer" and slice or op.execute
  return function(sample) return execute(op, sample) end, function(s) return sample_of(op, s) end
end

local function operator_case(name, given, number)
  return {
    name = number == 0 and name or ("%s, parameters %d"):format(name, number),
    texts = "text",
    make = function()
      return M.run(M.operator(registry.get(name), given))
    end,
  }
end

local function add_verbs(list, verbs, texts)
  local names = {}
  for name in pairs(verbs) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local make = texts == "size" and always(verbs[name]) or verbs[name]
    list[#list + 1] = { name = name, texts = texts, make = make }
  end
end

---The operators that work by themselves.
---@return string[] names
function M.operators()
  local list = {}
  for _, name in ipairs(registry.builtin_names()) do
    if not registry.get(name).waits then list[#list + 1] = name end
  end
  return list
end

---All of them.
---@return dm.HostileCase[]
function M.cases()
  local list = {}
  for _, name in ipairs(M.operators()) do
    list[#list + 1] = operator_case(name, {}, 0)
    for i, given in ipairs(M.PARAMETERS[name] or {}) do list[#list + 1] = operator_case(name, given, i) end
  end
  add_verbs(list, M.VERBS, "text")
  add_verbs(list, M.BYTE_VERBS, "bytes")
  add_verbs(list, M.SAMPLES, "size")
  return list
end

return M
