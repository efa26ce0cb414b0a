-- Operators of a recipe that dmhost does not have, run in Python beside each worker. A stand-in for Data-Juicer has
-- those that fail in all the ways there are; tests/datajuicer/real_spec.lua has the real one.
local json = require "dm.json"
local stand_in = require "tests.datajuicer.stand_in"
local t = require "tests.support"

local q = t.quote

describe("an operator of Data-Juicer", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function dm(words, environment)
    return t.shell(("cd %s && %s %s %s"):format(q(dir), environment or stand_in, q(t.DMHOST), words))
  end

  ---A recipe of these operators over these texts.
  local function recipe(operators, texts, more)
    local rows = {}
    for i, text in ipairs(texts) do rows[i] = ('{"id": %d, "n": 1.50, "text": %s}'):format(i, json.encode(text)) end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.write(dir .. "/r.yaml", ("dataset_path: in.jsonl\nexport_path: out.jsonl\nprocess:\n%s\n%s"):format(operators,
      more or ""))
  end

  local function texts_of(path)
    local list = {}
    for i, row in ipairs(t.json_lines(path)) do list[i] = row.text end
    return list
  end

  local function many(n)
    local list = {}
    for i = 1, n do list[i] = "text " .. i end
    return list
  end

  local function upper(list)
    local made = {}
    for i, text in ipairs(list) do made[i] = text:upper() end
    return made
  end

  it("gets the rows and gives them back in their order, whatever -j is", function()
    local list = many(3000)
    recipe("  - text_length_filter: {min_len: 1}\n  - upper_mapper:\n  - batched_mapper:\n  - length_filter:", list)
    for _, workers in ipairs { 0, 1, 3 } do
      local status, _, err = dm("run r.yaml --force -j " .. workers)
      assert.equal(0, status, err)
      assert.same(upper(list), texts_of(dir .. "/out.jsonl"))
    end
    assert.truthy(t.read(dir .. "/out.jsonl"):find('^{"id": 1, "n": 1.50, "text": "TEXT 1","size":'))
    local receipt = t.receipt(dir .. "/out.jsonl.run")
    assert.same({ 3000, 3000, 3000 }, { receipt.operators[3]["in"], receipt.operators[3].out,
      receipt.operators[3].changed })
  end)
  it("takes parameters, of the recipe and of --set", function()
    recipe("  - upper_mapper: {mark: '!'}\n  - upper_mapper: {text_key: text}", { "a" })
    assert.equal(0, (dm "run r.yaml -q"))
    assert.same({ "A!" }, texts_of(dir .. "/out.jsonl"))
    assert.equal(0, (dm "run r.yaml -q --force --set upper_mapper.mark=?"))
    assert.same({ "A??" }, texts_of(dir .. "/out.jsonl"))
  end)
  it("may make several rows of one, or none", function()
    recipe("  - batched_mapper:", { "a", "two", "none", "two" })
    assert.equal(0, (dm "run r.yaml -q"))
    assert.same({ "A", "two.0", "two.1", "two.0", "two.1" }, texts_of(dir .. "/out.jsonl"))
    local ledger = t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")
    assert.same({ 1, "batched_mapper", "made no samples" }, { #ledger, ledger[1].op, ledger[1].reason })
  end)
  it("drops rows with what it measured", function()
    for _, name in ipairs { "length_filter", "batched_length_filter" } do
      recipe(("  - %s: {min_len: 3}"):format(name), { "a", "long" })
      assert.equal(0, (dm "run r.yaml -q --force"))
      assert.same({ "long" }, texts_of(dir .. "/out.jsonl"))
      local ledger = t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")
      assert.same({ name, "dropped, measured len", 1 }, { ledger[1].op, ledger[1].reason, ledger[1].value })
    end
  end)
  it("notes statistics and tags for others, which stay where keep_stats_in_res_ds says so", function()
    recipe("  - tag_mapper:\n  - length_filter:\n  - tagged_filter:", { "long" })
    assert.equal(0, (dm "run r.yaml -q"))
    assert.equal('{"id": 1, "n": 1.50, "text": "long"}\n', t.read(dir .. "/out.jsonl"))
    recipe("  - tag_mapper:\n  - length_filter:\n  - tagged_filter:", { "long" }, "keep_stats_in_res_ds: true\n")
    assert.equal(0, (dm "run r.yaml -q --force"))
    assert.equal('{"id": 1, "n": 1.50, "text": "long","__dj__meta__":{"tag":"a"},"__dj__stats__":{"len":4}}\n',
      t.read(dir .. "/out.jsonl"))
  end)

  ---Runs a recipe in which one row fails; all others must come out.
  local function one_fails(operator, text, reason, words)
    local list = many(600)
    table.insert(list, 301, text)
    recipe("  - " .. operator .. ":", list)
    local status, _, err = dm("run r.yaml --force -j 1 " .. (words or ""))
    assert.equal(3, status, err)
    assert.same(upper(many(600)), texts_of(dir .. "/out.jsonl"))
    local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
    assert.equal(1, #rejects)
    assert.same({ operator, 301 }, { rejects[1].op, json.decode(rejects[1].input).id })
    assert.truthy(rejects[1].reason:find(reason, 1, true), rejects[1].reason)
  end

  for _, operator in ipairs { "upper_mapper", "batched_mapper" } do
    it("that raises costs the row: " .. operator, function()
      one_fails(operator, "RAISE", "ValueError: no such thing: 数")
    end)
    it("that crashes costs the row: " .. operator, function()
      one_fails(operator, "CRASH", "the process of Data-Juicer was ended by signal 11")
    end)
  end
  it("that ends its process costs the row", function()
    one_fails("upper_mapper", "EXIT", "the process of Data-Juicer ended with exit status 5: gave up")
  end)
  it("that makes no JSON costs the row", function()
    one_fails("upper_mapper", "NAN", "ValueError: Out of range float values are not JSON compliant")
  end)
  it("that does not end is stopped when the time of a row is over", function()
    one_fails("upper_mapper", "HANG", "the process of Data-Juicer did not answer within 2 s and was killed",
      "--set limits.row_time=2s")
  end)

  it("may load its model with the first row", function()
    recipe("  - upper_mapper: {mark: lazy}", { "a", "b", "HANG", "c" })
    local status, _, err = dm "run r.yaml -j 1 --set limits.row_time=1s"
    assert.equal(3, status, err)
    assert.same({ "Alazy", "Blazy", "Clazy" }, texts_of(dir .. "/out.jsonl"))
    assert.equal("the process of Data-Juicer did not answer within 1 s and was killed",
      t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].reason)
  end)
  it("that can not be made ends the run", function()
    recipe("  - upper_mapper: {mark: unmakable}", many(10))
    local status, _, err = dm "run r.yaml"
    assert.equal(1, status)
    assert.truthy(err:find("operator upper_mapper can not be made by Data-Juicer: OSError: the model is not there", 1,
      true), err)
    assert.is_nil(t.read(dir .. "/out.jsonl"))
  end)
  it("is asked for before the run: names, parameters", function()
    recipe("  - uper_mapper:\n  - upper_mapper: {marc: 1}", many(1))
    local status, out = dm "check r.yaml"
    assert.equal(2, status)
    assert.same({
      'r.yaml:4:5: error: no operator is named "uper_mapper"; did you mean "upper_mapper"?; neither dmhost nor '
        .. "Data-Juicer stand-in has one",
      'r.yaml:5:20: error: upper_mapper has no parameter "marc"; did you mean "mark"?' }, t.lines(out))
  end)
  it("needs an interpreter that has Data-Juicer", function()
    recipe("  - upper_mapper:", many(1))
    local status, _, err = dm("run r.yaml", "DM_DATAJUICER_PYTHON=/usr/bin/python3")
    assert.equal(2, status)
    assert.truthy(err:find("Data-Juicer can not be asked about upper_mapper: the process of Data-Juicer ended with "
      .. "exit status 1: ModuleNotFoundError: No module named 'data_juicer'", 1, true), err)
    status, _, err = dm("run r.yaml", "DM_DATAJUICER_PYTHON=/nowhere/python")
    assert.equal(2, status)
    assert.truthy(err:find("cannot start /nowhere/python: no such file or directory", 1, true), err)
  end)
  it("is missed with the way out when there is no Data-Juicer", function()
    recipe("  - token_num_filter:\n  - text_length_filter: {min_len: 1}\n  - document_simhash_deduplicator:\n"
      .. "  - upper_mapper:\n  - alphanumeric_filter: {tokenization: true}", many(1))
    local status, out = dm("check r.yaml", "DM_DATAJUICER_PYTHON=")
    assert.equal(2, status)
    local found = t.lines(out)
    assert.equal(4, #found)
    assert.truthy(found[1]:find("r.yaml:4:5: error: this recipe needs your Data-Juicer for token_num_filter, "
      .. "document_simhash_deduplicator and alphanumeric_filter; DM_DATAJUICER_PYTHON=/path/", 1, true), found[1])
    assert.truthy(found[2]:find("r.yaml:6:5: error: document_simhash_deduplicator needs your Data-Juicer too", 1, true))
    assert.truthy(found[3]:find('r.yaml:7:5: error: no operator is named "upper_mapper"', 1, true))
    assert.truthy(found[4]:find("r.yaml:8:5: error: alphanumeric_filter needs your Data-Juicer too (tokenization: ", 1,
      true))
  end)

  it("is tried and explained like any other", function()
    recipe("  - upper_mapper:\n  - batched_mapper:\n  - length_filter: {min_len: 5}", { "abc", "two go", "RAISE" })
    local status, out = dm "try r.yaml --json"
    assert.equal(0, status)
    local outcomes = {}
    for i, line in ipairs(t.lines(out)) do outcomes[i] = json.decode(line).outcome end
    assert.same({ "dropped", "kept", "rejected" }, outcomes)
    dm "run r.yaml -q"
    status, out = dm "explain out.jsonl.run in.jsonl@0"
    assert.equal(0, status)
    assert.truthy(out:find("dropped, measured len", 1, true), out)
  end)
  it("may be the user's, and is not another one when a run is resumed", function()
    t.write(dir .. "/mine.py", [[
from data_juicer.ops import OPERATORS, Mapper

@OPERATORS.register_module("mine_mapper")
class Mine(Mapper):
    def process_single(self, sample):
        return {**sample, "mine": sample["n"] * 2}
]])
    recipe("  - mine_mapper:", { "a" }, "custom_operator_paths: mine.py\n")
    assert.equal(0, (dm "run r.yaml -q"))
    assert.equal('{"id": 1, "n": 1.50, "text": "a","mine":3.0}\n', t.read(dir .. "/out.jsonl"))
    t.write(dir .. "/mine.py", t.read(dir .. "/mine.py") .. "# changed\n")
    local status, _, err = dm "run r.yaml --resume"
    assert.equal(2, status)
    assert.truthy(err:find("mine.py has changed since the run began", 1, true), err)
  end)
  it("leaves no process behind", function()
    recipe("  - upper_mapper:", { "HANG on" })
    local mark = "dmhost-mark-" .. dir:match "[^.]*$"
    local status, _, err = t.bash(([=[cd %s; export %s MARK=%s
      of_it() { # how many processes there are of the run whose program is so named
        local n=0 p
        for p in $(grep -lzx "MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null); do
          [[ $(readlink ${p%%/*}/exe) == *$1* ]] && n=$((n + 1))
        done
        [ $n -$2 $3 ]
      }
      %s run r.yaml & pid=$!
      await of_it python ge 1
      kill -9 $pid; wait $pid 2>/dev/null
      await of_it dmhost eq 0; await of_it python eq 0]=]):format(q(dir), stand_in, mark, q(t.DMHOST)))
    assert.equal(0, status, err)
  end)
end)
