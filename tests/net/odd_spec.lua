-- Replies that are odd, most of them legal: they are read as they are meant, or cost their row, with what to do.
local servers = require "tests.net.server"
local t = require "tests.support"

-- What comes of each reply of odd.py: the answer, or a part of the reason.
local WHOLE = {
  ["chunks and a trailer"] = "fine", ["interim replies"] = "fine", ["HTTP/1.0"] = "fine", ["no length"] = "fine",
  ["lines of LF"] = "fine", ["no reason"] = "fine", ["gzip"] = "fine", ["deflate"] = "fine",
  ["a byte order mark"] = "fine", ["parts"] = "fine", ["odd usage"] = "fine", ["negative usage"] = "fine",
  ["odd finish"] = "fine",
  ["moved"] = "HTTP 308: moved; url should be http://new/v1",
  ["nothing"] = "/chat/completions: the reply is empty",
  ["unknown coding"] = "Unrecognized content encoding",
  ["cut"] = "closed with 50 bytes remaining",
  ["a long header"] = "the reply's header is longer than 65536 bytes",
  ["another protocol"] = "HTTP/0.9",
  ["no choices"] = 'the reply has no text: {"choices": []}',
  ["an error"] = 'the reply has no text: {"error": {"message": "not loaded"}}',
  ["null"] = "the reply has no text: ",
  ["a tool"] = "finish_reason tool_calls): take tools out of the request",
  ["a tool behind nothing"] = "finish_reason tool_calls): take tools out of the request",
  ["a refusal behind nothing"] = "the model refuses: I will not.",
  ["an empty answer"] = "",
  ["too short"] = "cut off before it began (finish_reason length): raise max_tokens",
  ["held back"] = "the server held the answer back (finish_reason content_filter)",
  ["a refusal"] = "the model refuses: I will not.",
}
local STREAMED = {
  ["events"] = "fine", ["comments"] = "fine", ["CRLF"] = "fine", ["CR"] = "fine", ["many lines"] = "fine",
  ["no end"] = "fine", ["signs of life"] = "fine", ["thoughts"] = "fine", ["events in gzip"] = "fine",
  ["no events"] = "fine",
  ["cut events"] = "the stream ended before its end",
  ["an error in events"] = "no memory",
  ["an error's text"] = "no memory",
  ["an event of an error"] = "no memory",
  ["a tool in events"] = "take tools out of the request",
  ["nothing in events"] = "the reply has no text",
}
-- Those that are not asked for again.
local HOPELESS = { "moved", "a tool", "too short", "held back", "a refusal", "a tool behind nothing",
  "a refusal behind nothing" }

describe("an odd reply", function()
  local server, dir
  setup(function() server = servers.start { script = "odd.py" } end)
  teardown(servers.stop)
  before_each(function() dir = t.scratch() end)

  ---Asks for replies, by their names; what came of each.
  local function ask(names, url, more, environment)
    local rows = {}
    for i, name in ipairs(names) do rows[i] = ('{"id":%d,"text":%q}'):format(i, name) end
    t.write(dir .. "/in.jsonl", table.concat(rows, "\n") .. "\n")
    t.write(dir .. "/p.lua", ([[
      local dm = require "dm"
      local Ask = require("dm.base_op").LLM:extend { name = "ask" }
      function Ask:build_llm_prompt(s) return s.text end
      return dm.pipeline { input = %q, output = %q,
        operators = { Ask { url = %q, model = "m", retry_delay = "1ms", %s } } }]]):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", url, more))
    local command = ("%s %s run %s/p.lua --force -q -j 1 --no-cache"):format(environment or "", t.DMHOST, dir)
    local status, _, err = t.shell(command)
    local got = {}
    for _, row in ipairs(t.json_lines(dir .. "/out.jsonl")) do got[row.text] = row.answer end
    for _, row in ipairs(t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")) do
      got[row.input:match '"text":"(.-)"'] = row.reason
    end
    return got, status, err
  end

  local function names_of(expected)
    local names = {}
    for name in pairs(expected) do names[#names + 1] = name end
    table.sort(names)
    return names
  end

  for kind, expected in pairs { whole = WHOLE, streamed = STREAMED } do
    it(kind, function()
      local got, status, err = ask(names_of(expected), server:url "/v1",
        "retries = 0, stream = " .. tostring(kind == "streamed"))
      assert.equal(3, status, err)
      for name, want in pairs(expected) do
        local found = want == "fine" and got[name] == want or want ~= "fine" and tostring(got[name]):find(want, 1, true)
        assert.truthy(found, name .. ": " .. tostring(got[name]))
      end
    end)
  end

  it("is not asked for again where that can not help", function()
    ask(HOPELESS, server:url "/v1", "retries = 3")
    local asked = t.receipt(dir .. "/out.jsonl.run").operators[1].asked
    assert.same({ #HOPELESS, 0 }, { asked.requests, asked.retries })
    ask({ "null" }, server:url "/v1", "retries = 3")
    assert.equal(3, t.receipt(dir .. "/out.jsonl.run").operators[1].asked.retries)
  end)

  it("is paid for, when it has no text too", function()
    ask(HOPELESS, server:url "/v1", "retries = 0")
    assert.equal(#HOPELESS - 1, t.receipt(dir .. "/out.jsonl.run").operators[1].asked.tokens_in)
  end)

  it("comes through a proxy that wants to know who asks, and from an address of IPv6", function()
    local proxy = "http_proxy=http://%s127.0.0.1:" .. server.port
    local url = "http://server.invalid/v1"
    assert.equal("fine", ask({ "gzip" }, url, "retries = 0", proxy:format "name:s3cret@").gzip)
    local reason = ask({ "gzip" }, url, "retries = 0", proxy:format "").gzip
    assert.truthy(reason:find("HTTP 407: the proxy wants to know who asks", 1, true), reason)
    local around = "http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1"
    assert.equal("fine", ask({ "gzip" }, server:url "/v1", "retries = 0", around).gzip)
    if (t.read "/proc/net/if_inet6" or "") == "" then return end -- a machine without IPv6
    local six = servers.start { script = "odd.py", host = "::1" }
    assert.equal("fine", ask({ "gzip" }, ("http://[::1]:%d/v1"):format(six.port), "retries = 0").gzip)
  end)
end)
