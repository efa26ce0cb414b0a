-- dm.http against servers that others wrote: HTTP/2 as nghttpd speaks it, and a proxy.
local http = require "dm.http"
local servers = require "tests.net.server"
local t = require "tests.support"

-- Prints a port that nobody listens on, one that the system gives to no client.
local FREE_PORT = [[
import random, socket
while True:
    try:
        s = socket.socket()
        s.bind(("127.0.0.1", random.randrange(20000, 32768)))
        break
    except OSError:
        pass
print(s.getsockname()[1])
]]

local function free_port()
  return tonumber((select(2, t.shell("python3 -c " .. t.quote(FREE_PORT)))))
end

describe("dm.http with", function()
  local dir, pids
  before_each(function() dir, pids = t.scratch(), {} end)
  after_each(function()
    for _, pid in ipairs(pids) do os.execute("kill -9 " .. pid .. " 2>/dev/null") end
    servers.stop()
    t.clean()
  end)

  local function start(command)
    local _, out = t.shell(("%s >%s/log 2>&1 </dev/null & echo $!"):format(command, dir))
    pids[#pids + 1] = out:match "%d+"
  end

  -- Posts 200 rows, all of them at once.
  local function post_rows(url, cert)
    local list = {}
    for i = 1, 200 do list[i] = ('{"id":%d,"text":"row %d"}'):format(i, i) end
    t.write(dir .. "/in.jsonl", table.concat(list, "\n") .. "\n")
    t.write(dir .. "/pipeline.lua", ([[
      local dm = require "dm"
      local Ask = require("dm.base_op").Mapper:extend { name = "ask", waits = true }
      function Ask:execute(s)
        s.answer = assert(dm.http.post(%q, { prompt = s.text }, { ca_file = %q })).body
      end
      return dm.pipeline { input = %q, output = %q, operators = { Ask {} } }]]):format(url, cert, dir .. "/in.jsonl",
      dir .. "/out.jsonl"))
    local status, _, err = t.dmhost(("run %s/pipeline.lua -j 1"):format(dir))
    assert.equal(0, status, err)
    return t.json_lines(dir .. "/out.jsonl")
  end

  describe("TLS", function()
    it("has many requests at once where a connection takes one at a time", function()
      local cert, key = servers.certificate "IP:127.0.0.1"
      local server = servers.start { certificate = cert, key = key }
      assert.equal(200, #post_rows(server:url "/gather-50/v1", cert)) -- which answers none until fifty are there
    end)
  end)

  describe("HTTP/2", function()
    it("has many requests at once, on a few connections", function()
      local cert, key = servers.certificate "IP:127.0.0.1"
      local port = free_port()
      start(("nghttpd -v --echo-upload -a 127.0.0.1 %d %s %s"):format(port, key, cert))
      local url = ("https://127.0.0.1:%d/"):format(port)
      t.wait_for("nghttpd", function() return http.get(url, { ca_file = cert }) end)
      for i, row in ipairs(post_rows(url, cert)) do assert.equal(('{"prompt":"row %d"}'):format(i), row.answer) end
      local log = t.read(dir .. "/log")
      assert.truthy(log:find("stream_id=3", 1, true)) -- not the first of its connection
      local _, connections = log:gsub("recv SETTINGS frame <length=%d*[1-9]", "")
      -- 200 requests, 96 for each handle of libcurl; more than nghttpd's 100 of a connection had thirty
      assert.is_true(connections > 0 and connections <= 10, connections)
    end)
  end)

  describe("a proxy", function()
    local port
    before_each(function()
      port = free_port()
      t.write(dir .. "/conf", ("Port %d\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nConnectPort 443\n"):format(port))
    end)

    local function start_proxy()
      start(("tinyproxy -d -c %s/conf"):format(dir))
      local url = ("http://127.0.0.1:%d"):format(port)
      t.wait_for("the proxy", function() return http.get(url .. "/") end)
      return url
    end

    it("goes through it, and past it where that is asked for", function()
      local server = servers.start()
      local proxy = start_proxy()
      local reply = assert(http.get(server:url "/ok/echo", { proxy = proxy }))
      assert.truthy(reply.headers.via:find("tinyproxy", 1, true))
      local script = ([[local r = assert(require("dm.http").get(%q, %s)); print(r.headers.via)]])
      for options, expected in pairs { ["{}"] = "tinyproxy", ['{ proxy = "" }'] = "nil" } do
        t.write(dir .. "/get.lua", script:format(server:url "/ok/echo", options))
        local _, out, err = t.shell(("http_proxy=%s %s lua %s/get.lua"):format(proxy, t.DMHOST, dir))
        assert.truthy(out:find(expected, 1, true), out .. err)
      end
    end)

    it("tunnels TLS, whose certificate is the server's", function()
      local cert, key = servers.certificate "IP:127.0.0.1"
      local server = servers.start { certificate = cert, key = key }
      t.write(dir .. "/conf", t.read(dir .. "/conf"):gsub("ConnectPort 443", "ConnectPort " .. server.port))
      local proxy = start_proxy()
      assert.equal(200, assert(http.get(server:url "/ok/echo", { proxy = proxy, ca_file = cert })).status)
      local reply, why = http.get(server:url "/ok/echo", { proxy = proxy })
      assert.is_nil(reply)
      assert.truthy(why:find("certificate", 1, true), why)
    end)

    it("says when there is none, and when it refuses", function()
      local reply, why = http.get("http://127.0.0.1:1/", { proxy = ("http://127.0.0.1:%d"):format(port) })
      assert.is_nil(reply)
      assert.truthy(why:find("connect", 1, true), why)
      local proxy = start_proxy()
      reply, why = http.get("https://127.0.0.1:1/", { proxy = proxy })
      assert.is_nil(reply)
      assert.truthy(why:find("403", 1, true), why)
    end)
  end)
end)
