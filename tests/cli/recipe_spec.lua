-- Recipes of Data-Juicer as pipelines: what works on a pipeline in Lua works on them.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

describe("a recipe of Data-Juicer", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", t.corpus(2000))
  end)
  after_each(t.clean)

  local RECIPE = [[
project_name: demo
dataset_path: in.jsonl
export_path: out/a.jsonl
np: 2

process:
  - whitespace_normalization_mapper:
  - clean_links_mapper
  - text_length_filter: {min_len: 10, max_len: 1e3}
]]
  local LUA = [[input = "in.jsonl", output = "b.jsonl", operators = {
    { "whitespace_normalization_mapper" }, { "clean_links_mapper" },
    { "text_length_filter", min_len = 10, max_len = 1e3 } }]]

  local function recipe(text) return t.write(dir .. "/recipe.yaml", text) end
  local function dm(words) return t.shell(("cd %s && %s %s"):format(q(dir), q(t.DMHOST), words)) end

  it("gives the same bytes, ledger and counts as the pipeline in Lua", function()
    recipe(RECIPE)
    t.pipeline(dir, LUA)
    assert.equal(0, (dm "run pipeline.lua -q"))
    for _, workers in ipairs { 0, 1, 3 } do
      assert.equal(0, (dm("run recipe.yaml -q --force -j " .. workers)))
      assert.is_true(t.read(dir .. "/out/a.jsonl") == t.read(dir .. "/b.jsonl"))
      assert.is_true(t.read(dir .. "/out/a.jsonl.run/ledger.jsonl") == t.read(dir .. "/b.jsonl.run/ledger.jsonl"))
    end
    local plan = json.decode(t.read(dir .. "/out/a.jsonl.run/plan.json"))
    assert.same({ "recipe.yaml", RECIPE }, { plan.sources[1].path, plan.sources[1].text })
  end)
  it("runs as many workers as np says, or -j", function()
    recipe((RECIPE:gsub("np: 2", "np: 1")))
    local function workers(words)
      local _, _, err = dm("run recipe.yaml --force " .. words)
      return err:match "(%d+) workers?\n"
    end
    assert.same({ "1", "3" }, { workers "", workers "-j 3" })
  end)
  it("is resumed, and not with another recipe", function()
    recipe(RECIPE)
    assert.equal(0, (dm "run recipe.yaml -q"))
    local status, _, err = dm "run recipe.yaml --resume"
    assert.equal(0, status)
    assert.truthy(err:find "nothing to resume")
    recipe(RECIPE .. "  - words_num_filter\n")
    status, _, err = dm "run recipe.yaml --resume"
    assert.equal(2, status)
    assert.truthy(err:find "recipe.yaml has changed since the run began")
  end)
  it("is tried, explained, profiled and shown as a plan", function()
    recipe(RECIPE)
    local status, out = dm "try recipe.yaml --json"
    assert.equal(0, status)
    assert.equal("kept", json.decode(t.lines(out)[1]).outcome)
    assert.equal(0, (dm "run recipe.yaml -q"))
    local row = t.read(dir .. "/out/a.jsonl.run/ledger.jsonl"):match '"row":"(.-)"'
    status, out = dm("explain out/a.jsonl.run " .. row)
    assert.equal(0, status)
    assert.truthy(out:find "dropped by text_length_filter")
    assert.equal(0, (dm "run recipe.yaml --dry-run --force"))
    assert.equal(0, (dm "profile recipe.yaml"))
  end)
  it("takes parameters from --set, and input and output from the command line", function()
    recipe(RECIPE)
    t.write(dir .. "/two.jsonl", '{"text":"one"}\n{"text":"a longer text"}\n')
    local status, out = dm "run recipe.yaml -q -i two.jsonl -o - --set text_length_filter.min_len=1"
    assert.same({ 0, '{"text":"one"}\n{"text":"a longer text"}\n' }, { status, out })
  end)
  it("applies text_keys and keep_stats_in_res_ds to operators that do not say otherwise", function()
    recipe [[
dataset_path: in.jsonl
export_path: '-'
text_keys: [body, text]
keep_stats_in_res_ds: true
process:
  - lower_case_mapper
  - text_length_filter: {min_len: 2}
  - words_num_filter: {text_key: text, min_num: 1}
]]
    t.write(dir .. "/in.jsonl", '{"body":"ABC","text":"Some Words"}\n{"body":"D","text":"x"}\n')
    t.write(dir .. "/lower_case_mapper.lua", [[
local Mapper = require("dm.base_op").Mapper
local Lower = Mapper:extend { name = "lower_case_mapper", summary = "Write in small letters." }
function Lower:execute(sample) self:set_text(sample, self:get_text(sample):lower()) end
return Lower]])
    local status, out, err = dm "run recipe.yaml -q --ops ."
    assert.same({ 0, "" }, { status, err })
    local row = json.decode(out)
    assert.same({ "abc", "Some Words" }, { row.body, row.text })
    assert.same({ text_len = 3, num_words = 2 }, row.__dj__stats__)
  end)

  it("says where what is wrong is written", function()
    for text, message in pairs {
      [RECIPE:gsub("np:", "npp:")] = 'recipe.yaml:4:1: error: a recipe has no key "npp"; did you mean "np"?',
      [RECIPE:gsub("min_len", "min_lenn")] =
        'recipe.yaml:9:26: error: text_length_filter has no parameter "min_lenn"; did you mean "min_len"?',
      [RECIPE:gsub("{min_len: 10", "{min_len: ten")] = "recipe.yaml:9:26: error: text_length_filter parameter",
      [RECIPE:gsub("text_length", "text_lenght")] = 'recipe.yaml:9:5: error: no operator is named "text_lenght_filter"',
      [RECIPE:gsub("in.jsonl", "none.jsonl")] = "recipe.yaml:2:15: error: cannot read none.jsonl",
      [RECIPE:gsub("np: 2", "np: 0")] = "recipe.yaml:4:5: error: np must be a whole number from 1",
      [RECIPE:gsub("np: 2", "custom_operator_paths: 5")] =
        "recipe.yaml:4:24: error: custom_operator_paths must be a path, or a list of them",
      [RECIPE:gsub("np: 2", "custom_operator_paths: {a: b}")] =
        "recipe.yaml:4:24: error: custom_operator_paths must be a path, or a list of them",
      [RECIPE:gsub("np: 2", "export_type: parquet")] = "recipe.yaml:4:14: error: export_type can only be jsonl",
      [RECIPE:gsub("%- clean_links_mapper", "- {a: 1, b: 2}")] = "recipe.yaml:8:5: error: an item of process is one",
    } do
      recipe(text)
      local status, out = dm "check recipe.yaml"
      assert.equal(2, status)
      assert.truthy(("\n" .. out):find("\n" .. message, 1, true), out)
    end
  end)
  it("names the keys that have no effect, and why", function()
    recipe("open_tracer: true\nuse_cache: false\n" .. RECIPE)
    local status, out = dm "check recipe.yaml"
    assert.equal(0, status)
    assert.same({ "recipe.yaml:1:1: warning: open_tracer has no effect here: ledger.jsonl has every row that was "
      .. "dropped, and why; `dmhost try` shows what is changed",
      "recipe.yaml:2:1: warning: use_cache has no effect here: operators are not cached one by one; --resume goes on "
      .. "with a run", "recipe.yaml:3:1: warning: project_name has no effect here: a label" }, t.lines(out))
  end)
  it("passes over parameters that are for Data-Juicer's own running, or that an operator does not know", function()
    recipe "dataset_path: in.jsonl\nprocess:\n  - clean_links_mapper: {num_proc: 4, min_links: 0, history_key: h}\n"
    local status, out = dm "check recipe.yaml"
    assert.equal(0, status)
    assert.same({ "recipe.yaml:3:26: warning: num_proc has no effect here: -j, limits and resources say how operators "
      .. "run", "recipe.yaml:3:39: warning: min_links has no effect: clean_links_mapper has no such parameter",
      "recipe.yaml:3:53: warning: history_key has no effect: clean_links_mapper has no such parameter" },
      { unpack(t.lines(out), 1, 3) })
    assert.equal(0, (dm "run recipe.yaml -q"))
  end)

  it("takes word lists from where Data-Juicer keeps them", function()
    recipe "dataset_path: in.jsonl\nprocess:\n  - stopwords_filter: {min_ratio: 0.1}\n"
    local command = ("cd %s && HOME=%s/home %s %%s recipe.yaml -q"):format(q(dir), q(dir), q(t.DMHOST))
    local status, _, err = t.shell(command:format "run")
    assert.equal(2, status)
    assert.truthy(err:find("needs your Data-Juicer for stopwords_filter (stopwords_dir names the folder", 1, true), err)
    t.shell(("mkdir -p %s/home/.cache/data_juicer/assets"):format(q(dir)))
    t.write(dir .. "/home/.cache/data_juicer/assets/stopwords.json", '{"en":["the","a","is"]}')
    t.write(dir .. "/in.jsonl", '{"text":"the house is a house"}\n{"text":"house house"}\n')
    assert.equal(0, (t.shell(command:format "run")))
    assert.equal('{"text":"the house is a house"}\n', t.read(dir .. "/outputs/hello_world/hello_world.jsonl"))
  end)

  it("is shown with a caret by dmhost run", function()
    recipe(RECIPE:gsub("min_len", "min_lenn"))
    local status, _, err = dm "run recipe.yaml"
    assert.equal(2, status)
    assert.truthy(err:find("recipe.yaml:9:26\n     9 |   - text_length_filter: {min_lenn: 10", 1, true), err)
  end)
  it("reads the files that dataset_path and suffixes name", function()
    os.execute(("mkdir -p %s/in/deep"):format(q(dir)))
    for name, text in pairs { ["in/a.jsonl"] = "a", ["in/deep/b.json"] = "b", ["in/c.JSONL"] = "c",
      ["d e.jsonl"] = "d" } do
      t.write(dir .. "/" .. name, ('{"text":"%s"}\n'):format(text))
    end
    for given, expected in pairs {
      ["in"] = "ab", ["'in \"d e.jsonl\"'"] = "dab", ["0.5 in/a.jsonl 0.5 in/deep"] = "ab",
      ["in\nsuffixes: jsonl"] = "ac", ["in\nsuffixes: [.json]"] = "b", ["in\nsuffixes: []"] = "ab",
    } do
      recipe(("dataset_path: %s\nexport_path: '-'\nprocess: []\n"):format(given))
      local status, out, err = dm "run recipe.yaml -q"
      assert.same({ 0, expected }, { status, (out:gsub('[^\n]*"(%l)"}\n', "%1")) }, given .. ": " .. err)
    end
    recipe "dataset_path: in\nsuffixes: .txt\nexport_path: '-'\nprocess: []\n"
    local status, _, err = dm "run recipe.yaml"
    assert.equal(2, status)
    assert.truthy(err:find("in: the folder holds no file with such a suffix", 1, true), err)
  end)
  it("makes a row of each file that is a text", function()
    os.execute(("mkdir -p %s/docs"):format(q(dir)))
    t.write(dir .. "/docs/a.md", "one\r\ntwo\n")
    t.write(dir .. "/docs/b.txt", "three")
    t.write(dir .. "/docs/c.jsonl", '{"text":"no"}\n')
    recipe "dataset_path: docs\nsuffixes: ['.txt', md]\nexport_path: '-'\nprocess: []\n"
    local status, out = dm "run recipe.yaml -q"
    assert.same({ 0, '{"text":"one\\ntwo\\n"}\n{"text":"three"}\n' }, { status, out })
    recipe "dataset_path: docs\nsuffixes: [txt, md]\nexport_path: '-'\nprocess: [{suffix_filter: {suffixes: .md}}]\n"
    status, out = dm "run recipe.yaml -q"
    assert.same({ 0, '{"text":"one\\ntwo\\n","__dj__suffix__":".md"}\n' }, { status, out })
  end)
  it("mixes datasets by weight: so many rows of each, always the same ones", function()
    for _, name in ipairs { "a", "b", "c" } do
      local rows = {}
      for i = 1, name == "b" and 10 or 3000 do rows[i] = ('{"id":"%s%d","text":"text %d"}\n'):format(name, i, i) end
      t.write(dir .. "/" .. name .. ".jsonl", table.concat(rows))
    end
    assert.equal(0, (t.shell(("gzip %s/c.jsonl"):format(q(dir)))))
    recipe [[
dataset:
  max_sample_num: 1001
  configs:
    - {type: local, path: c.jsonl.gz, weight: 0.5}
    - {type: local, path: a.jsonl, weight: 0.4}
    - {type: local, path: b.jsonl, weight: 0.1}
export_path: out.jsonl
process: []
]]
    local first
    for _, words in ipairs { "-j 0", "-j 1", "-j 3" } do
      assert.equal(0, (dm("run recipe.yaml -q --force " .. words)))
      local out = t.read(dir .. "/out.jsonl")
      first = first or out
      assert.is_true(out == first)
    end
    local counts, order, times = {}, {}, {}
    for i, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do
      local name = row.id:sub(1, 1)
      counts[name], order[i], times[row.id] = (counts[name] or 0) + 1, name, (times[row.id] or 0) + 1
    end
    assert.same({ c = 501, a = 401, b = 99 }, counts)
    assert.equal(("c"):rep(501) .. ("a"):rep(401) .. ("b"):rep(99), table.concat(order))
    for id, n in pairs(times) do
      assert.is_true(id:sub(1, 1) == "b" and (n == 9 or n == 10) or n == 1, id .. ": " .. n)
    end
  end)
  it("has an output for each file of a mixture, under the folders that are not the same for all", function()
    os.execute(("mkdir -p %s/x %s/y"):format(q(dir), q(dir)))
    for _, name in ipairs { "x/a", "y/a", "x/c" } do
      t.write(dir .. "/" .. name .. ".jsonl", ('{"n":"%s"}\n'):format(name))
    end
    t.pipeline(dir, [[input = dm.mix { total = 3, { "x/a.jsonl" }, { "y/a.jsonl" }, { "x/c.jsonl" } },
      output = "each/{file}", operators = {}]])
    assert.equal(0, (dm "run pipeline.lua -q"))
    for _, name in ipairs { "x/a", "y/a", "x/c" } do
      assert.equal(('{"n":"%s"}\n'):format(name), t.read(dir .. "/each/" .. name .. ".jsonl"))
    end
  end)

  it("mixes for pipelines in Lua too", function()
    t.pipeline(dir, [[input = dm.mix { total = 10, { "in.jsonl", weight = 3 }, "in.jsonl" }, output = "o.jsonl",
      operators = {}]])
    assert.equal(0, (dm "run pipeline.lua -q"))
    local rows = t.lines(t.read(dir .. "/o.jsonl"))
    assert.equal(10, #rows)
    assert.equal(0, (dm "check pipeline.lua -o other.jsonl"))
    for wrong, message in pairs {
      ["{ 'a' }"] = "dm.mix takes a table with `total`", ["{ total = 1 }"] = "there is no source with a weight",
      ["{ total = 1, { 'a', weight = -1 } }"] = "the weight of source 1 must be a number from 0",
      ["{ total = 1, { 'a' }, 5 }"] = "source 2 must be",
    } do
      t.pipeline(dir, ("input = dm.mix %s, output = 'p.jsonl', operators = {}"):format(wrong))
      local status, _, err = dm "run pipeline.lua"
      assert.equal(2, status)
      assert.truthy(err:find(message, 1, true), err)
      assert.truthy(err:find("pipeline.lua:3", 1, true), err)
    end
  end)
  it("says what is wrong with a dataset", function()
    for text, message in pairs {
      ["dataset: {configs: []}"] = "recipe.yaml:1:20: error: dataset must have a list `configs`",
      ["dataset: [{type: local, path: in.jsonl}]"] = "recipe.yaml:1:10: error: dataset must be a map with a list",
      ["dataset: {configs: [{type: remote, path: a}]}"] = "recipe.yaml:1:28: error: a dataset of type remote",
      ["export_aws_credentials: {aws_region: x}"] = "recipe.yaml:1:1: error: there is no export_aws_credentials here",
      ["export_path: 's3://a/b'"] = "recipe.yaml:1:14: error: nothing is written to S3 here",
      ["export_path: '{work_dir}/a.jsonl'"] = "recipe.yaml:1:14: error: {work_dir} is not filled in here",
      ["dataset: {configs: [{path: in.jsonl, wieght: 1}]}"] =
        'recipe.yaml:1:38: error: a local dataset has no key "wieght"; did you mean "weight"?',
      ["dataset: {configs: [{path: none.jsonl}]}"] = "recipe.yaml:1:28: error: cannot read none.jsonl",
      ["dataset: {max_sample_num: 0, configs: [{path: in.jsonl}]}"] = "recipe.yaml:1:27: error: max_sample_num must",
      ["dataset_path: x.parquet"] = "recipe.yaml:1:15: error: .parquet is not read here; duckdb",
      ["dataset_path: in.jsonl\nexport_path: o.parquet"] = "recipe.yaml:2:14: error: parquet is not written here",
    } do
      recipe(text .. "\nprocess: []\n")
      local status, out = dm "check recipe.yaml"
      assert.equal(2, status)
      assert.truthy(("\n" .. out):find("\n" .. message, 1, true), out)
    end
  end)
  it("writes shards into a folder", function()
    recipe(RECIPE .. "export_shard_size: 20000\n")
    assert.equal(0, (dm "run recipe.yaml -q"))
    local _, names = t.shell(("ls %s/out/a"):format(q(dir)))
    assert.truthy(#t.lines(names) > 3)
    assert.equal("00000.jsonl", t.lines(names)[1])
    local _, sharded = t.shell(("cat %s/out/a/*.jsonl"):format(q(dir)))
    recipe(RECIPE)
    assert.equal(0, (dm "run recipe.yaml -q"))
    assert.is_true(sharded == t.read(dir .. "/out/a.jsonl"))
  end)
  it("writes where work_dir says, where export_path asks for that", function()
    t.write(dir .. "/in.jsonl", '{"text": "a"}\n')
    for more, file in pairs { [""] = "w/a.jsonl", ["export_shard_size: 20000\n"] = "w/a/00000.jsonl" } do
      recipe("dataset_path: in.jsonl\nwork_dir: w\nexport_path: '{work_dir}/a.jsonl'\nprocess: []\n" .. more)
      local status, _, err = dm "run -q recipe.yaml"
      assert.equal(0, status, err)
      assert.equal('{"text": "a"}\n', t.read(dir .. "/" .. file))
    end
  end)
  it("finds operators in Lua where custom_operator_paths says", function()
    os.execute(("mkdir -p %s/mine"):format(q(dir)))
    t.write(dir .. "/mine/shout_mapper.lua", [[
local Mapper = require("dm.base_op").Mapper
local Shout = Mapper:extend { name = "shout_mapper", summary = "Shout." }
function Shout:execute(sample) self:set_text(sample, self:get_text(sample) .. "!") end
return Shout]])
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n')
    for _, path in ipairs { "mine", "[mine]", "mine/shout_mapper.lua" } do
      recipe(("dataset_path: in.jsonl\nexport_path: '-'\ncustom_operator_paths: %s\nprocess: [shout_mapper]\n"):format(
        path))
      local status, out = dm "run recipe.yaml -q -j 2"
      assert.same({ 0, '{"text":"a!"}\n' }, { status, out })
    end
  end)
  it("drops rows whose text is null, and rejects those that have none", function()
    t.write(dir .. "/in.jsonl", '{"text":null}\n{"text":"a"}\n{"txt":"b"}\n')
    recipe "dataset_path: in.jsonl\nexport_path: out.jsonl\nprocess: [whitespace_normalization_mapper]\n"
    assert.equal(3, (dm "run recipe.yaml -q"))
    assert.equal('{"text":"a"}\n', t.read(dir .. "/out.jsonl"))
    local ledger = t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")
    assert.same({ "dropped", 'field "text" is null', "rejected" }, { ledger[1].outcome, ledger[1].reason,
      ledger[2].outcome })
  end)
  it("is not taken for one without `process`", function()
    recipe "a: 1\n"
    local status, _, err = dm "run recipe.yaml"
    assert.equal(2, status)
    assert.truthy(err:find 'no recipe of Data%-Juicer')
  end)
end)
