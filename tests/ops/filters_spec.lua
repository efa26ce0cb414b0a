-- Edge cases of the filters that measure: the values, bounds, statistics, word lists, and texts that are large.
local dm = require "dm"
local registry = require "dm.registry"
local t = require "tests.support"

local WORDS = "examples/words"

---What a filter measures, from the statistics that it writes.
local function measured(name, params, text)
  params.keep_stats_in_res_ds = true
  local class = registry.get(name)
  local sample = dm.sample { text = text }
  class(params):execute(sample)
  return sample.__dj__stats__[class.stats_key]
end

---Each: parameters, text, value.
local VALUES = {
  alphanumeric_filter = {
    { {}, "", 0 }, { {}, "ab-1", 0.75 }, { {}, "½²Ⅷ①", 1 }, { {}, "中文。", 2 / 3 }, { {}, "e\204\129", 0.5 },
    { {}, ("a"):rep(31) .. "é-", 32 / 33 }, { {}, " \n\t", 0 },
  },
  average_line_length_filter = {
    { {}, "", 0 }, { {}, "ab\ncd", 2.5 }, { {}, "ab\n", 3 }, { {}, "\n\n", 1 }, { {}, "a\r\nb", 2 },
    { {}, "中\226\128\168文", 1.5 }, { {}, "a\194\133b\028c\029d\030e\011f\012g", 13 / 7 },
  },
  maximum_line_length_filter = {
    { {}, "", 0 }, { {}, "\n", 0 }, { {}, "ab\nabc\na", 3 }, { {}, "a\r\nbc", 2 }, { {}, "a\rbc", 2 },
    { {}, ("x"):rep(31) .. "\r\n" .. ("y"):rep(30), 31 }, { {}, ("中"):rep(40) .. "\226\128\169a", 40 },
    { {}, "a\226\128\170b\031c", 5 },
  },
  words_num_filter = {
    { {}, "", 0 }, { {}, " \n\t ", 0 }, { {}, "one two\tthree\nfour", 4 }, { {}, "- one - (two)", 2 },
    { {}, "a\194\160b c\013d", 2 }, { {}, "中文，没有空格", 1 }, { {}, "12 34 5x", 1 }, { {}, "\226\147\130", 0 },
  },
  word_repetition_filter = {
    { { rep_len = 1 }, "", 0 }, { { rep_len = 1 }, "The the (THE) a", 0.75 }, { { rep_len = 2 }, "a b a b a", 1 },
    { { rep_len = 3 }, "a b", 0 }, { { rep_len = 2 }, "a b", 0 }, { { rep_len = 2 }, "a b c a b d", 2 / 5 },
    { { rep_len = 1 }, "ΣΑΣ σας", 1 }, { { rep_len = 1 }, "ab a b", 0 }, { {}, ("x "):rep(30), 1 },
  },
  flagged_words_filter = {
    { { flagged_words_dir = WORDS }, "", 0 }, { { flagged_words_dir = WORDS }, "Damn it, DAMN!", 2 / 3 },
    { { flagged_words_dir = WORDS, lang = "de" }, "damn Mist", 0.5 },
    { { flagged_words_dir = WORDS, lang = "all" }, "damn Mist", 1 },
    { { flagged_words_dir = WORDS, words_aug_join_char = " " }, "a bloody hell", 1 / 3 },
    { { flagged_words_dir = WORDS, use_words_aug = true, words_aug_join_char = " " }, "a bloody hell", 2 / 5 },
    { { flagged_words_dir = WORDS, use_words_aug = true, words_aug_group_sizes = { 4, 9 } }, "he ll h e l l", 1 / 9 },
    { { flagged_words_dir = WORDS, use_words_aug = true, words_aug_group_sizes = dm.null }, "damn", 1 },
  },
  stopwords_filter = {
    { { stopwords_dir = WORDS }, "house", 0 }, { { stopwords_dir = WORDS }, "It is the end", 0.75 },
  },
}

describe("filters that measure", function()
  for name, cases in pairs(VALUES) do
    it(name, function()
      for i, case in ipairs(cases) do
        local got = measured(name, case[1], case[2])
        assert.is_true(math.abs(got - case[3]) < 1e-12, ("case %d: %s, not %s"):format(i, got, case[3]))
      end
    end)
  end
  it("take dm.null for no bound", function()
    local filter = registry.get "words_num_filter"
    assert.is_true(filter { min_num = dm.null }:execute { text = "" })
    assert.is_false(filter {}:execute { text = "" })
  end)
  it("count long runs that come again in linear time", function()
    for name, unit in pairs { character_repetition_filter = "a", word_repetition_filter = "a " } do
      local filter = registry.get(name) { rep_len = 1e6, min_ratio = 1, max_ratio = 1 }
      assert.is_true(filter:execute { text = unit:rep(3e6) }, name) -- the runs together have 2e12 bytes
      assert.is_false(filter:execute { text = unit:rep(1.5e6) .. "c " .. unit:rep(1.5e6) }, name)
    end
  end)
  it("reject rows without a text", function()
    assert.has_error(function() registry.get "words_num_filter" {}:execute {} end, 'field "text" is missing or null')
  end)
  it("see the same words whoever asked before", function()
    local repetition = registry.get "word_repetition_filter" { rep_len = 1, max_ratio = 0 }
    local stop = registry.get "stopwords_filter" { stopwords_dir = WORDS, min_ratio = 0.5 }
    for _ = 1, 2 do
      for _, text in ipairs { "the a", "b b", "the the" } do
        assert.equal(text == "the a", repetition:execute { text = text }, text)
        assert.equal(text ~= "b b", stop:execute { text = text }, text)
      end
    end
  end)
end)

describe("character_repetition_filter", function()
  local PIECES = { "a", "b", " ", "é", "中", "ab ab ", "中文", "x", "y", "z", "0", "1", "\240\159\152\128" }

  ---A text of so many pieces, of which the first `kinds` are used.
  local function made(pieces, kinds)
    local list = {}
    for i = 1, pieces do list[i] = PIECES[math.random(kinds)] end
    return table.concat(list)
  end

  it("is never surer that a text repeats itself little than it may be", function()
    local text = require "dm.text"
    math.randomseed(11)
    local sure = 0
    for round = 1, 600 do
      local some = made(math.random(40), math.random(2, #PIECES)):rep(math.random(6))
      local s = some .. made(math.random(round % 9 == 0 and 3000 or 100), #PIECES) .. some
      for _, len in ipairs { 1, 3, 8, 9, 10, 12, 18, 19, 40 } do
        local share = text.repetition(s, len)
        for _, most in ipairs { 0.05, 0.3, 0.6, share } do
          local below = text.repetition_below(s, len, most)
          sure = sure + (below and 1 or 0)
          assert.is_true(not below or share < most, s)
        end
      end
    end
    assert.is_true(sure > 2000)
  end)
end)

describe("language_id_score_filter", function()
  local class = registry.get "language_id_score_filter"
  local GERMAN = "Der schnelle braune Fuchs springt über den faulen Hund, und niemand sieht es."

  local function kept(params, text) return class(params):execute { text = text } end

  it("goes by language and score", function()
    assert.is_true(kept({}, GERMAN))
    assert.is_true(kept({ lang = "de" }, GERMAN))
    assert.is_true(kept({ lang = { "en", "de" } }, GERMAN))
    assert.is_false(kept({ lang = "en" }, GERMAN))
    assert.is_false(kept({ lang = "de", min_score = 1 }, GERMAN))
    assert.is_true(kept({ lang = "de", min_score = 1, reversed_range = true }, GERMAN))
    assert.is_false(kept({ lang = "en", min_score = 1, reversed_range = true }, GERMAN))
    assert.is_false(kept({}, "12 + 34"))
    assert.is_false(kept({}, ""))
  end)
  it("writes codes as ISO has them, and the score", function()
    for text, code in pairs { [GERMAN] = "de", ["שלום עולם, מה שלומך היום?"] = "he",
      ["這是一個測試，看看繁體中文的結果如何"] = "zh", [""] = "un" } do
      local sample = dm.sample { text = text }
      class { keep_stats_in_res_ds = true }:execute(sample)
      assert.equal(code, sample.__dj__stats__.lang)
      assert.is_true(code == "un" or sample.__dj__stats__.lang_score > 0.9)
    end
  end)
  it("reads over controls and noncharacters", function()
    assert.is_true(kept({ lang = "de" }, "\0\1 " .. GERMAN .. "\127\194\133\239\191\190\239\183\144" .. GERMAN))
  end)
end)

describe("filters of fields", function()
  local function keeps(name, params, sample)
    return (registry.get(name)(params):execute(dm.sample(sample)))
  end

  it("specified_field_filter", function()
    local function kept(sample, more)
      local params = { field_key = "m.l", target_value = { "en", 1, dm.null } }
      for k, v in pairs(more or {}) do params[k] = v end
      return keeps("specified_field_filter", params, sample)
    end
    assert.is_true(kept { m = { l = "en" } })
    assert.is_false(kept { m = { l = "de" } })
    assert.is_true(kept { m = { l = true } })
    assert.is_true(kept { m = { l = dm.null } })
    assert.is_true(kept { m = {} })
    assert.is_true(kept { m = { l = dm.array {} } })
    assert.is_true(kept { m = { l = { "en", 1, dm.null } } })
    assert.is_false(kept { m = { l = { "en", 2 } } })
    assert.is_true(kept({ m = { l = { "en", 2 } } }, { reversed_range = true }))
    assert.is_true(kept({ m = { l = 7 } }, { target_value = {}, reversed_range = true }))
    assert.has_error(function() kept { m = "en" } end, 'field "m.l": what should hold "l" is no object')
    assert.has_error(function() kept {} end)
  end)
  it("specified_numeric_field_filter", function()
    local function kept(n, more)
      local params = { field_key = "n", min_value = -2, max_value = 10 }
      for k, v in pairs(more or {}) do params[k] = v end
      return keeps("specified_numeric_field_filter", params, { n = n })
    end
    for _, n in ipairs { 10, -2, "10", " 1_0 ", "+.5e1", "0", "-1.", true, "９", "٠٩", "𝟙" } do
      assert.is_true(kept(n), tostring(n))
    end
    for _, n in ipairs { 0, false, "", dm.array {}, {}, "½", "x", "1x", "0x1", "1__0", "_1", "1e", ".", "\28 5", "inf",
      "-Infinity", "nan", 11 } do
      assert.is_false(kept(n), tostring(n))
    end
    assert.is_false(kept(nil))
    assert.is_false(kept(0, { reversed_range = true }))
    assert.is_true(kept(11, { reversed_range = true }))
    assert.is_true(kept("nan", { reversed_range = true }))
    assert.is_false(kept("inf", { max_value = 9e18 }))
    assert.is_true(kept("inf", { max_value = dm.null }))
    assert.has_error(function() kept { 1 } end, "the value is an object or a list, not a number")
  end)
  it("suffix_filter", function()
    assert.is_true(keeps("suffix_filter", { suffixes = ".md" }, { __dj__suffix__ = ".md" }))
    assert.is_false(keeps("suffix_filter", { suffixes = { ".md" }, reversed_range = true }, { __dj__suffix__ = ".md" }))
    assert.is_true(keeps("suffix_filter", { reversed_range = true }, {}))
    assert.is_false(keeps("suffix_filter", { suffixes = ".md" }, {}))
    assert.is_true(keeps("suffix_filter", { suffixes = ".md", reversed_range = true }, {}))
    assert.is_true(keeps("suffix_filter", { suffixes = { ".md", dm.null } }, { __dj__suffix__ = dm.null }))
  end)
  it("tags_specified_field_selector", function()
    local params = { field_key = "n", target_tags = { "a", 1 } }
    assert.is_true(keeps("tags_specified_field_selector", params, { n = true }))
    local big = require("tests.ops.conformance").parse '{"n":12345678901234567890}'
    assert.is_false((registry.get "tags_specified_field_selector"(params):execute(big)))
    assert.has_error(function() keeps("tags_specified_field_selector", params, { n = { "a" } }) end,
      'field "n" is an array, not a string, a number or null')
  end)
  it("write the field's value among the statistics", function()
    local sample = dm.sample { m = { l = { "a" } }, n = dm.null }
    registry.get "specified_field_filter" { field_key = "m.l", keep_stats_in_res_ds = true }:execute(sample)
    registry.get "specified_numeric_field_filter" { field_key = "n", keep_stats_in_res_ds = true }:execute(sample)
    registry.get "general_field_filter" { filter_condition = "m.l", keep_stats_in_res_ds = true }:execute(sample)
    assert.equal('{"m.l":["a"],"n":null,"general_field_filter_condition":["a"]}', tostring(sample.__dj__stats__))
  end)
end)

describe("parameters that can not be", function()
  local folder
  before_each(function() folder = t.scratch() end)
  after_each(t.clean)

  local function refused(name, params, message)
    local ok, why = pcall(registry.get(name), params)
    assert.is_false(ok)
    assert.truthy(tostring(why):find(message, 1, true), why)
  end

  it("a tokenizer", function()
    for name, params in pairs {
      alphanumeric_filter = {}, words_num_filter = {}, word_repetition_filter = {},
      flagged_words_filter = { flagged_words_dir = WORDS }, stopwords_filter = { stopwords_dir = WORDS },
    } do
      params.tokenization = true
      refused(name, params, 'parameter "tokenization" can only be false')
    end
  end)
  it("word lists", function()
    refused("flagged_words_filter", {}, 'needs the parameter "flagged_words_dir": folder with *flagged_words*.json')
    refused("stopwords_filter", { stopwords_dir = "/no/such/folder" }, "cannot read /no/such/folder")
    refused("stopwords_filter", { stopwords_dir = folder }, "holds no file *stopwords*.json")
    refused("stopwords_filter", { stopwords_dir = WORDS, lang = "fr" },
      'no list for the language "fr"; there are de, en, and all')
    local other = t.scratch()
    t.write(other .. "/stopwords.json", '{"en": [1]}')
    refused("stopwords_filter", { stopwords_dir = other }, "a word must be a string")
    other = t.scratch()
    t.write(other .. "/a_stopwords_2.json", "{")
    refused("stopwords_filter", { stopwords_dir = other }, "a_stopwords_2.json")
  end)
  it("sizes of runs, keys, conditions", function()
    refused("stopwords_filter", { stopwords_dir = WORDS, use_words_aug = true, words_aug_group_sizes = { 0 } },
      "whole numbers from 1")
    refused("specified_field_filter", {}, 'needs the parameter "field_key"')
    refused("specified_field_filter", { field_key = "" }, "field_key is empty")
    refused("general_field_filter", { filter_condition = "not x" }, 'filter_condition: column 1 of "not x"')
  end)
  it("but a word list that goes away after the start does no harm", function()
    local list = t.write(folder .. "/my_stopwords.json", '{"en": ["the"]}')
    t.write(folder .. "/in.jsonl", '{"text":"the"}\n{"text":"house"}\n')
    t.write(folder .. "/remover.lua", ([[
      local Remover = require("dm.base_op").Mapper:extend { name = "remover" }
      function Remover:init() os.remove(%q) end
      function Remover:execute() end
      return Remover]]):format(list))
    t.pipeline(folder, ([[input = %q, output = %q,
      operators = { { "stopwords_filter", stopwords_dir = %q }, "remover" }]]):format(
      folder .. "/in.jsonl", folder .. "/out.jsonl", folder))
    local status, _, err = t.dmhost(("run %s/pipeline.lua -j 2 --ops %s"):format(t.quote(folder), t.quote(folder)))
    assert.equal(0, status, err)
    assert.equal('{"text":"the"}\n', t.read(folder .. "/out.jsonl"))
    assert.is_nil(t.read(list))
  end)
end)

describe("large texts", function()
  it("come to an end in every filter", function()
    local script = [[
      local registry = require "dm.registry"
      local texts = {
        ("a"):rep(6e5), ("word "):rep(1.2e5), ("\204\129"):rep(3e5), ("\n"):rep(6e5), ("-"):rep(6e5), ("Σ"):rep(3e5),
        ("x-"):rep(3e5), ("\r\n"):rep(3e5), ("the "):rep(1.5e5), ("İ"):rep(3e5), ("a Σ' "):rep(1.2e5), (" "):rep(6e5),
      }
      local filters = { general_field_filter = { filter_condition = "text > 'a' and text == text" } }
      for name in ("alphanumeric average_line_length maximum_line_length words_num word_repetition flagged_words "
        .. "stopwords language_id_score text_length special_characters character_repetition"):gmatch "%S+" do
        filters[name .. "_filter"] = {}
      end
      filters.flagged_words_filter = { flagged_words_dir = "examples/words", use_words_aug = true,
        words_aug_group_sizes = { 2, 100000 } }
      filters.stopwords_filter = { stopwords_dir = "examples/words" }
      for name, params in pairs(filters) do
        local filter = registry.get(name)(params)
        for _, text in ipairs(texts) do filter:execute { text = text } end
      end
      io.write "done"
    ]]
    local status, out, err = t.shell("timeout 300 " .. t.DMHOST .. " lua -e " .. t.quote(script))
    assert.equal(0, status, err)
    assert.equal("done", out)
  end)
end)
