-- Operators of Data-Juicer that look at the whole corpus: they cut a run into passes. A stand-in for Data-Juicer has
-- those that go wrong; tests/datajuicer/real_spec.lua has the real one.
local json = require "dm.json"
local stand_in = require "tests.datajuicer.stand_in"
local t = require "tests.support"

local q = t.quote

describe("an operator of Data-Juicer on the whole corpus", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function dm(words)
    return t.shell(("cd %s && %s %s %s"):format(q(dir), stand_in, q(t.DMHOST), words))
  end

  local function recipe(operators, rows)
    t.write(dir .. "/in.jsonl", rows)
    t.write(dir .. "/r.yaml", "dataset_path: in.jsonl\nexport_path: out.jsonl\nprocess:\n" .. operators)
  end

  local function out(path)
    return t.read(("%s/%s"):format(dir, path or "out.jsonl"))
  end

  ---Rows of n texts, of which each of the first 100 is there again.
  local function twins(n)
    local list, once = {}, {}
    for i = 1, n do
      list[i] = ('{"id": %d, "text": "text\227\128\128%d", "n": 1.50}\n'):format(i, (i - 1) % (n - 100))
      once[i] = i <= n - 100 and list[i]:gsub("\227\128\128", " ") or nil
    end
    return table.concat(list), table.concat(once)
  end

  it("gets all rows between two passes, whatever -j is", function()
    local rows, once = twins(2000)
    recipe("  - whitespace_normalization_mapper:\n  - twins_deduplicator:\n  - text_length_filter: {min_len: 1}\n",
      rows)
    for _, workers in ipairs { 0, 1, 3 } do
      local status, _, err = dm("run r.yaml --force -j " .. workers)
      assert.equal(0, status, err)
      assert.equal(once, out())
    end
    local receipt = t.receipt(dir .. "/out.jsonl.run")
    assert.same({ 2000, 1900 }, { receipt.rows["in"], receipt.rows.out })
    local seen = {}
    for i, op in ipairs(receipt.operators) do
      seen[i] = ("%s %d %d %d"):format(op.name, op["in"], op.out, op.dropped)
    end
    assert.same({ "unify_format 2000 2000 0", "whitespace_normalization_mapper 2000 2000 0",
      "twins_deduplicator 2000 1900 100", "text_length_filter 1900 1900 0", "exporter 1900 1900 0" }, seen)
    assert.equal(100, #t.json_lines(dir .. "/out.jsonl.run/pass-1/dropped.jsonl"))
    assert.is_nil(out "out.jsonl.run/pass-1/rows.jsonl")
  end)
  it("chooses in an order of its own, by what filters measured", function()
    recipe("  - text_length_filter: {min_len: 2}\n  - longest_selector: {count: 2}\n",
      '{"text": "abc"}\n{"text": "x"}\n{"text": "ab"}\n{"text": "abcd"}\n')
    assert.equal(0, (dm "run r.yaml -q"))
    assert.equal('{"text": "abcd"}\n{"text": "abc"}\n', out())
  end)
  it("may make other rows of them", function()
    recipe("  - all_grouper:\n  - all_grouper:\n", '{"id": 1, "text": "a"}\n{"id": 2, "text": "b"}\n')
    assert.equal(0, (dm "run r.yaml -q --set unify_format.keys=id"))
    assert.equal('{"id":[[1,2]],"text":[["a","b"]]}\n', out())
  end)
  it("may change them, and no more of them is written anew", function()
    recipe("  - cutting_deduplicator:\n", '{"id": 1e2, "text": "a"}\n{"id": 1e2,  "n": 1, "text": "b!", "e": []}\n')
    assert.equal(0, (dm "run r.yaml -q"))
    assert.equal('{"id": 1e2, "text": "a"}\n{"id":100.0,"text":"b","e":[],"cut":1}\n', out())
  end)
  it("does not see what no table holds, which stays in the rows all the same", function()
    local rows = '{"half": "\\ud800", "null": null, "\\u0000k": 1, "text": "b"}\n'
      .. '{"text": "a", "odd": 1, "big": 123456789012345678901, "f": 1, "deep": {"x": [{"y": 1}]}, "none": {}}\n'
      .. '{"text": "b", "odd": "1", "f": 0.5, "deep": {"x": [{"z": null}, null]}}\n'
      .. '{"text": "a", "odd": true}\n'
    recipe("  - twins_deduplicator:\n", rows)
    local status, _, err = dm "run r.yaml"
    assert.equal(0, status, err)
    assert.equal(rows:match "^.-\n.-\n", out())
    local left_out = {}
    for name in err:gmatch "has not seen the field ([%w%z]+)" do left_out[#left_out + 1] = name end
    assert.same({ "\0k", "big", "none", "odd" }, left_out)
  end)
  it("is asked nothing about no rows", function()
    recipe("  - twins_deduplicator:\n", "")
    local status, _, err = dm "run r.yaml -q"
    assert.equal(0, status, err)
    assert.equal("", out())
  end)
  it("counts rows that are rejected in any pass, and --limit once", function()
    recipe("  - twins_deduplicator:\n  - text_length_filter: {min_len: 1, text_key: other}\n",
      '{"text": "a"}\n{}\n{"text": "a"}\n{"text": "b"}\n{"text": "c"}\n')
    assert.equal(3, (dm "run r.yaml -q --limit 4 --max-rejects 2"))
    assert.equal(0, (dm "run r.yaml -q --limit 4 --max-rejects 3 --force"))
    local receipt = t.receipt(dir .. "/out.jsonl.run")
    assert.same({ 4, 0, 1, 2 }, { receipt.rows["in"], receipt.rows.out, receipt.operators[1].rejected,
      receipt.operators[3].rejected })
  end)
  it("writes to standard output, too", function()
    local rows, once = twins(300)
    recipe("  - whitespace_normalization_mapper:\n  - twins_deduplicator:\n", rows)
    local status, stdout, err = dm "run r.yaml -q -o - <in.jsonl"
    assert.equal(0, status, err)
    assert.equal(once, stdout)
    status, stdout, err = dm "run r.yaml -q -i - -o - <in.jsonl"
    assert.equal(0, status, err)
    assert.equal(once, stdout)
  end)

  for mark, message in pairs { raise = "fails in Data-Juicer: ValueError: no such thing: 数",
    crash = "the process of Data-Juicer was ended by signal 11" } do
    it("that goes wrong ends the run, which can go on: " .. mark, function()
      local rows, once = twins(300)
      recipe(("  - whitespace_normalization_mapper:\n  - twins_deduplicator: {mark: %s}\n"):format(mark), rows)
      t.write(("%s/%s"):format(dir, mark), "")
      local status, _, err = dm "run r.yaml"
      assert.equal(1, status)
      assert.truthy(err:find(message, 1, true), err)
      assert.is_nil(out())
      os.remove(("%s/%s"):format(dir, mark))
      local before = out "out.jsonl.run/pass-1/run.json"
      status, _, err = dm "run r.yaml --resume"
      assert.equal(0, status, err)
      assert.equal(once, out())
      assert.equal(before, out "out.jsonl.run/pass-1/run.json")
      assert.equal(0, (dm "run r.yaml --resume"))
      status, _, err = dm "run r.yaml"
      assert.equal(2, status)
      assert.truthy(err:find("out.jsonl exists", 1, true), err)
    end)
  end
  it("ends with a run that is killed, which can go on", function()
    local rows, once = twins(300)
    recipe("  - whitespace_normalization_mapper:\n  - twins_deduplicator: {mark: hang}\n", rows)
    t.write(dir .. "/hang", "")
    local marked = "MARK=dmhost-mark-" .. dir:match "[^.]*$"
    local script = [[cd %s; env %s %s %s run r.yaml & pid=$!
await test -e hangs; kill -9 $pid
gone() { ! grep -lz %s /proc/[0-9]*/environ; }; await gone]]
    local killed, _, why = t.bash(script:format(q(dir), marked, stand_in, q(t.DMHOST), marked))
    assert.equal(0, killed, why)
    local status, stdout, err = dm "status out.jsonl"
    assert.equal(130, status, err)
    assert.truthy(stdout:find("interrupted behind this pass", 1, true), stdout)
    assert.truthy(stdout:find("out.jsonl.run/pass-1", 1, true), stdout)
    os.remove(dir .. "/hang")
    status, _, err = dm "run r.yaml"
    assert.equal(2, status)
    assert.truthy(err:find("holds an earlier run", 1, true), err)
    status, _, err = dm "run r.yaml --resume"
    assert.equal(0, status, err)
    assert.equal(once, out())
  end)
  it("ends when the run is cancelled", function()
    recipe("  - twins_deduplicator: {mark: hang}\n", '{"text": "a"}\n')
    t.write(dir .. "/hang", "")
    local status, out_text, err = t.bash(("cd %s; env %s %s run r.yaml & pid=$!; await test -e hangs; "
      .. "%s cancel out.jsonl; wait $pid; echo $?"):format(q(dir), stand_in, q(t.DMHOST), q(t.DMHOST)))
    assert.equal(0, status, err)
    assert.truthy(out_text:find("has ended (interrupted)\n1\n", 1, true), out_text)
    assert.truthy(err:find("the run was cancelled", 1, true), err)
    os.remove(dir .. "/hang")
    assert.equal(0, (dm "run r.yaml -q --resume"))
  end)
  it("counts rows that a later pass rejects before its operators", function()
    recipe("  - all_grouper:\n", ('{"text": "abcdefghijklmnopqrstuvwxyz"}\n'):rep(100))
    assert.equal(3, (dm "run r.yaml -q --set limits.row_size=1KiB"))
    assert.equal(1, t.receipt(dir .. "/out.jsonl.run").rows.rejected_input)
  end)
  it("leaves nothing for a run that begins again without it", function()
    recipe("  - twins_deduplicator:\n", '{"text": "a"}\n')
    assert.equal(0, (dm "run r.yaml -q"))
    recipe("  - text_length_filter: {min_len: 9}\n", '{"text": "a"}\n')
    assert.equal(0, (dm "run r.yaml -q --force"))
    assert.is_nil(out "out.jsonl.run/pass-1/plan.json")
    local _, stdout = dm "explain out.jsonl in.jsonl@0"
    assert.truthy(stdout:find("dropped by text_length_filter", 1, true), stdout)
  end)
  it("does not go on with another input, nor write an output for each input", function()
    recipe("  - twins_deduplicator: {mark: raise}\n", '{"text": "a"}\n')
    t.write(dir .. "/raise", "")
    assert.equal(1, (dm "run r.yaml -q"))
    t.write(dir .. "/b.jsonl", '{"text": "b"}\n')
    local status, _, err = dm "run r.yaml -q --resume -i b.jsonl"
    assert.equal(2, status)
    assert.truthy(err:find("the run began with the input in.jsonl where it is b.jsonl now", 1, true), err)
    status, _, err = dm "run r.yaml -q -o 'o/{file}'"
    assert.equal(2, status)
    assert.truthy(err:find("an output for each input does not go with", 1, true), err)
  end)
  it("goes on with a run that was to replace another", function()
    recipe("  - twins_deduplicator: {mark: raise}\n", '{"text": "a"}\n')
    assert.equal(0, (dm "run r.yaml -q"))
    t.write(dir .. "/raise", "")
    assert.equal(1, (dm "run r.yaml -q --force"))
    os.remove(dir .. "/raise")
    local status, _, err = dm "run r.yaml -q --resume"
    assert.equal(0, status, err)
  end)
  it("is begun again when the code has changed, and another run is kept out meanwhile", function()
    recipe("  - twins_deduplicator: {mark: raise}\n", '{"text": "a"}\n')
    t.write(dir .. "/raise", "")
    assert.equal(1, (dm "run r.yaml -q"))
    t.write(dir .. "/r.yaml", t.read(dir .. "/r.yaml"):gsub("raise", "none"))
    local status, _, err = dm "run r.yaml --resume"
    assert.equal(2, status)
    assert.truthy(err:find("r.yaml has changed since the run began", 1, true), err)
    assert.equal(0, (dm "run r.yaml -q --force"))
  end)
  it("shows what became of the rows of each pass", function()
    recipe("  - text_length_filter: {min_len: 2}\n  - twins_deduplicator:\n"
      .. "  - text_length_filter: {min_len: 1, max_len: 2}\n",
      '{"text": "a"}\n{"text": "abc"}\n{"text": "ab"}\n')
    assert.equal(0, (dm "run r.yaml -q"))
    for row, reason in pairs { ["in.jsonl@0"] = "below min_len 2", ["out.jsonl.run/pass-1/out.jsonl@0"] =
      "above max_len 2" } do
      local status, stdout, err = dm("explain out.jsonl " .. row .. " --json")
      assert.equal(0, status, err)
      local record = json.decode(stdout)
      assert.same({ "dropped", reason }, { record.outcome, record.reason })
    end
  end)
  it("that is not for rows, or for another executor, is refused before the run", function()
    recipe("  - engine_pipeline:\n  - ray_twins_deduplicator:\n", '{"text": "a"}\n')
    local status, stdout = dm "check r.yaml"
    assert.equal(2, status)
    assert.same({
      'r.yaml:4:5: error: engine_pipeline is of the kind "other", which Data-Juicer can not run for dmhost; take it '
        .. "out, and run it on the output with Data-Juicer itself",
      "r.yaml:5:5: error: ray_twins_deduplicator is for Data-Juicer's Ray executor; document_deduplicator and "
        .. "document_minhash_deduplicator do it in one process" }, t.lines(stdout))
  end)
end)
