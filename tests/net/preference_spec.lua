-- human_preference_annotation_mapper against a server that answers as Label Studio does.
local http = require "dm.http"
local json = require "dm.json"
local servers = require "tests.net.server"
local t = require "tests.support"

local q = t.quote

describe("human_preference_annotation_mapper", function()
  local dir, server
  setup(function() dir, server = t.scratch(), servers.start { script = "label_studio.py" } end)
  teardown(function()
    servers.stop()
    t.clean()
  end)

  ---Runs it over rows; its rows, the status and what it said.
  local function run(options, rows, key)
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.pipeline(dir, ('input = "in.jsonl", output = "out.jsonl", operators = { { "human_preference_annotation_mapper", '
      .. 'api_url = "%s", project_id = 7, poll_interval = 0.01, %s } }'):format(server:url "/", options))
    local status, _, err = t.shell(("cd %s && LABEL_STUDIO_API_KEY=%s %s run pipeline.lua -q --force"):format(q(dir),
      key or "secret", t.DMHOST))
    return t.read(dir .. "/out.jsonl"), status, err
  end
  local function rejects() return t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl") end

  it("makes tasks of samples, and leaves these as they are", function()
    local rows = { '{"n":1.5,"prompt":"p","answer1":"a","answer2":"b","ok":true,"no":null,"list":[1]}', '{"id":"x"}' }
    local out, status = run("", rows)
    assert.same({ 0, table.concat(rows, "\n") .. "\n" }, { status, out })
    local tasks = json.decode(assert(http.get(server:url "/tasks")).body)
    local function task_with(key) -- they are made in any order
      for _, task in ipairs(tasks) do
        if task[key] then return task end
      end
    end
    assert.same({ prompt = "p", answer1 = "a", answer2 = "b", ["meta:n"] = "1.5", ["meta:ok"] = "True" },
      task_with "meta:n")
    assert.same({ prompt = "No prompt provided", answer1 = "No answer 1 provided", answer2 = "No answer 2 provided",
      ["meta:id"] = "x" }, task_with "meta:id")
  end)
  it("waits for who chooses, for each as long as it takes, and not for ever", function()
    local out = run('wait_for_annotations = true, timeout = 0.2, prompt_key = "q"', {
      '{"q":"p","answer1":"long","answer2":"b"}',
      '{"q":"never","answer1":"a","answer2":"b"}', '{"q":"p","answer1":"a","answer2":"long"}',
      '{"q":"p","answer1":"a","answer2":"b","chosen":"a"}' })
    assert.equal('{"q":"p","answer1":"long","answer2":"b","chosen":"long","rejected":"b"}\n'
      .. '{"q":"never","answer1":"a","answer2":"b"}\n'
      .. '{"q":"p","answer1":"a","answer2":"long","chosen":"long","rejected":"a"}\n'
      .. '{"q":"p","answer1":"a","answer2":"b","chosen":"a"}\n', out)
  end)
  it("rejects a row of which nothing is chosen, or that becomes no task", function()
    local ROW = '{"prompt":"%s","answer1":"a","answer2":"b"}'
    local row = ROW:format "neither"
    assert.equal(3, select(2, run("wait_for_annotations = true", { row, ROW:format "null", ROW:format "nulls" })))
    for i = 1, 3 do assert.equal("the annotation chooses none of the answers", rejects()[i].reason) end
    assert.equal(3, select(2, run("", { ROW:format "no number" })))
    assert.truthy(rejects()[1].reason:find("a task is made: the reply has no task_ids", 1, true))
    local _, status = run("", { row }, "wrong")
    assert.equal(3, status)
    assert.truthy(rejects()[1].reason:find('a task is made: HTTP 401: {\n "detail": "Invalid token."\n}', 1, true))
  end)
end)
