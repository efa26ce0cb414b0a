-- The operators that ask a model, run over rows against the tests' own server.
local servers = require "tests.net.server"
local t = require "tests.support"

describe("operators that ask a model", function()
  local server, dir
  setup(function() server = servers.start() end)
  teardown(servers.stop)
  before_each(function() dir = t.scratch() end)

  -- Runs one operator over rows; what it asks is answered by what stands behind REPLY: in a row.
  local function run(operator, rows)
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.write(dir .. "/p.lua", ([[
      local dm = require "dm"
      return dm.pipeline { input = %q, output = %q, operators = { { %s } } }]]):format(dir .. "/in.jsonl",
      dir .. "/out.jsonl", operator))
    local command = "OPENAI_BASE_URL=%s %s run %s/p.lua --force -q -j 1"
    return t.shell(command:format(server:url "/jitter-5/v1", t.DMHOST, dir))
  end

  local function texts()
    local list = {}
    for i, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do list[i] = row.id end
    return list
  end

  local SCORES = [[REPLY:{\"dimension_scores\":{\"accuracy\":%d,\"grammar\":%d,\"informativeness\":3,\"coherence\":3}}]]

  it("llm_quality_score_filter", function()
    local status, _, err = run([["llm_quality_score_filter", min_score = 0.7, keep_stats_in_res_ds = true]], {
      ('{"id":1,"text":"%s"}'):format(SCORES:format(5, 5)),
      ('{"id":2,"text":"%s"}'):format(SCORES:format(1, 1)),
      '{"id":3,"text":"REPLY:no idea"}',
      ('{"id":4,"text":"%s"}'):format(SCORES:format(5, 5):gsub("REPLY:", "%0{x} ")),
      ('{"id":5,"text":"%s"}'):format(SCORES:format(5, 5):gsub("}}", [[},\"tags\":{\"topic\":\"{tea}\"}}]])),
      ('{"id":6,"text":"%s"}'):format(SCORES:format(5, 5):gsub("}}", [[},\n\"tags\":{\"topic\":\"tea\"}}]])),
    })
    assert.equal(0, status, err)
    assert.same({ 1, 6 }, texts())
    local rows = t.json_lines(dir .. "/out.jsonl")
    assert.same({ 0.8, "tea" }, { rows[1].__dj__stats__.llm_quality_score, rows[2].__dj__stats__.topic })
    local ledger = t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")
    assert.same({ 0.4, "below min_score 0.7" }, { ledger[1].value, ledger[1].reason })
    for i = 2, 4 do assert.same({ 0, "no answer could be read" }, { ledger[i].value, ledger[i].reason }) end
  end)

  it("llm_quality_score_filter keeps what no answer could be read for where the score 0 is kept", function()
    local status, _, err = run([["llm_quality_score_filter", reversed_range = true, keep_stats_in_res_ds = true]],
      { '{"id":1,"text":"REPLY:no idea"}' })
    assert.equal(0, status, err)
    local stats = t.json_lines(dir .. "/out.jsonl")[1].__dj__stats__
    assert.equal(0, stats.llm_quality_score)
  end)

  it("llm_quality_score_filter asks as py-data-juicer 1.4.3 does", function()
    local task = require("ops.filter.llm_quality_score_filter").task
    assert.equal("31c5e046c39f4afd", require("dm.bytes").xxh3(task), task)
  end)

  it("ask again for an answer that can not be read, and never the cache", function()
    local before = server:stats().requests
    local status, _, err = run([["text_tagging_by_prompt_mapper", tag_list = { "Art" }, try_num = 4]], {
      [[{"id":1,"text":"REPLY:neither"}]],
    })
    assert.equal(3, status, err)
    assert.equal(4, server:stats().requests - before)
  end)

  it("generate_qa_from_text_mapper", function()
    local status, _, err = run([["generate_qa_from_text_mapper", max_num = 2]], {
      [[{"id":1,"text":"REPLY:Human: a?\nAssistant: A\nHuman: b?\nAssistant: B\nHuman: c?\nAssistant: C"}]],
      [[{"id":2,"text":"REPLY:nothing"}]],
      [[{"id":3,"text":"REPLY:Human: d?\nAssistant: D"}]],
    })
    assert.equal(0, status, err)
    assert.same({ 1, 1, 3 }, texts())
    local rows = t.json_lines(dir .. "/out.jsonl")
    assert.same({ "b?", "B" }, { rows[2].query, rows[2].response })
    assert.equal("made no samples", t.json_lines(dir .. "/out.jsonl.run/ledger.jsonl")[1].reason)
  end)

  it("generate_qa_from_text_mapper and optimize_qa_mapper with patterns and templates of their own", function()
    local status, _, err = run([["generate_qa_from_text_mapper", output_pattern = [=[Q(.*?)A(.*?)(?=Q|$)]=] ]],
      { [[{"id":1,"text":"REPLY:Q a\nA b\nQ c A d"}]] })
    assert.equal(0, status, err)
    local rows = t.json_lines(dir .. "/out.jsonl")
    assert.same({ "a", "b", "c", "d" }, { rows[1].query, rows[1].response, rows[2].query, rows[2].response })
    status, _, err = run([["optimize_qa_mapper", output_pattern = "Q(.*)A(.*)", qa_pair_template = "{}{{{}}}",
      input_template = "{}"]],
      { [[{"id":1,"query":"REPLY:QxA","response":"y"}]], [[{"id":2,"query":"q","response":"a"}]] })
    assert.equal(0, status, err)
    rows = t.json_lines(dir .. "/out.jsonl")
    assert.same({ "x", "{y}", "q" }, { rows[1].query, rows[1].response, rows[2].query })
  end)

  it("optimize_qa_mapper leaves a field whose new text is empty", function()
    local status, _, err = run([["optimize_qa_mapper"]],
      { [[{"id":1,"query":"q","response":"REPLY:【问题】\n\n【回答】\nlong a"}]] })
    assert.equal(0, status, err)
    local row = t.json_lines(dir .. "/out.jsonl")[1]
    assert.same({ "q", "long a" }, { row.query, row.response })
  end)

  it("optimize_qa_mapper and text_tagging_by_prompt_mapper", function()
    local status, _, err = run([["optimize_qa_mapper"]], {
      [[{"id":1,"query":"q","response":"REPLY:【问题】\nlong q\n【回答】\nlong a"}]],
      [[{"id":2,"query":"q","response":"as it was"}]],
    })
    assert.equal(0, status, err)
    local rows = t.json_lines(dir .. "/out.jsonl")
    assert.same({ "long q", "long a", "as it was" }, { rows[1].query, rows[1].response, rows[2].response })
    status, _, err = run([["text_tagging_by_prompt_mapper", tag_list = { "Art", "Sport" }]], {
      [[{"id":1,"text":"REPLY: *sport*."}]], [[{"id":2,"text":"REPLY:both"}]],
    })
    assert.equal(3, status, err)
    assert.equal("Sport", t.json_lines(dir .. "/out.jsonl")[1].text_tags)
    assert.equal("the answer is none of the tags: both", t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].reason)
  end)

  it("QAConditionEvaluator and TextQualityEvaluation", function()
    local operator = [["QAConditionEvaluator", url = %q, dimension = { { dimension = "d", description = "D" } }]]
    local status, _, err = run(operator:format(server:url "/ok/v1"), {
      [[{"id":1,"text":"[{\"question\":\"q\",\"answer\":\"REPLY:结果：Y\",\"qaId\":7}]"}]],
    })
    assert.equal(0, status, err)
    local answer = '"answer":[{"qaId": 7, "result": [{"dimension": "d", "result": true}]}]'
    assert.truthy(t.read(dir .. "/out.jsonl"):find(answer, 1, true))
    status, _, err = run(([["TextQualityEvaluation", url = %q]]):format(server:url "/ok/v1"),
      { [[{"id":1,"text":"REPLY:0.5,0.5,0.25,0.5,0.5,1.0,"}]] })
    assert.equal(0, status, err)
    assert.equal(0.25, t.json_lines(dir .. "/out.jsonl")[1].answer[1].effective_score)
  end)
end)
