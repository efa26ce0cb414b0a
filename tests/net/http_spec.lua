-- dm.http against a real server, and one that misbehaves.
local http = require "dm.http"
local json = require "dm.json"
local sample = require "dm.sample"
local servers = require "tests.net.server"
local t = require "tests.support"

describe("dm.http", function()
  local server
  setup(function() server = servers.start() end)
  teardown(function()
    servers.stop()
    t.clean()
  end)

  local function get(path, options)
    return http.get(server:url(path), options)
  end

  it("gets, with header lines of one's own", function()
    local reply = assert(get("/ok/echo", { headers = { ["X-One"] = "a b" } }))
    local seen = json.decode(reply.body)
    assert.same({ 200, "GET", "a b", "application/json" },
      { reply.status, seen.method, seen.headers["x-one"], reply.headers["content-type"] })
    assert.is_true(reply.ms > 0)
  end)

  it("posts texts and tables", function()
    local seen = json.decode(http.post(server:url "/ok/echo", "plain\n").body)
    assert.same({ "POST", "plain\n" }, { seen.method, seen.body })
    seen = json.decode(http.post(server:url "/ok/echo", { a = sample.array { 1, "数" } }).body)
    assert.same({ "application/json", '{"a":[1,"数"]}' }, { seen.headers["content-type"], seen.body })
  end)

  it("hands on whatever status a reply has", function()
    assert.equal(503, get("/always-503/x").status)
  end)

  it("unpacks compressed replies", function()
    local reply = assert(http.post(server:url "/gzip/v1", { prompt = "packed" }))
    assert.equal("gzip", reply.headers["content-encoding"])
    assert.truthy(reply.body:find("echo: packed", 1, true))
  end)

  it("says why there is no reply", function()
    local cases = {
      { "/reset-99/v1", {}, "remaining to read" },
      { "/drop-99/v1", {}, "mpty reply" },
      { "/silent/v1", { first_byte_timeout = "100ms" }, "did not begin in time" },
      { "/silent/v1", { timeout = "100ms" }, "timed out" },
      { "/slow/v1", { timeout = "200ms" }, "timed out" },
      { "/huge/v1", { max_reply = "1MiB" }, "longer than 1048576 bytes" },
    }
    for _, case in ipairs(cases) do
      local reply, why = get(case[1], case[2])
      assert.is_nil(reply)
      assert.truthy(why:find(case[3], 1, true), case[1] .. ": " .. why)
      assert.is_nil(why:find "after %d", why) -- the same failure has the same reason
    end
    for url, said in pairs { ["http://127.0.0.1:1/"] = "connect", ["gopher://127.0.0.1/"] = "not supported" } do
      local reply, why = http.get(url)
      assert.is_nil(reply)
      assert.truthy(why:find(said, 1, true), why)
      assert.is_nil(why:find "after %d", why)
    end
  end)

  it("refuses what can not be asked", function()
    assert.error_matches(function() http.get "nope://x/" end, "is not a URL")
    assert.error_matches(function() http.get(nil) end, "dm.http takes a URL, not a nil")
    assert.error_matches(function() http.post({}, "x") end, "dm.http takes a URL, not a table")
    assert.error_matches(function() get("/", { headers = { a = "b\r\nc: d" } }) end, "control character")
    assert.error_matches(function() get("/", { timeuot = 1 }) end, 'no parameter "timeuot"')
    assert.error_matches(function() get("/", { timeout = "soon" }) end, '"soon" is not a value for timeout')
  end)

  it("shows a certificate of its own where that is wanted", function()
    local cert, key = servers.certificate "IP:127.0.0.1"
    local mine, my_key = servers.certificate "DNS:client"
    local tls = servers.start { certificate = cert, key = key, clients = mine }
    local options = { ca_file = cert, cert_file = mine, key_file = key }
    local reply, why = http.get(tls:url "/ok/echo", options)
    assert.is_nil(reply)
    assert.truthy(why:find("key", 1, true), why)
    options.key_file = my_key
    assert.equal(200, assert(http.get(tls:url "/ok/echo", options)).status)
    assert.is_nil((http.get(tls:url "/ok/echo", { ca_file = cert }))) -- TLS 1.3: the server hangs up
  end)

  it("follows redirects, and says when there are too many", function()
    assert.equal(200, assert(get "/moved-3/echo").status)
    local reply, why = get "/moved-9/echo"
    assert.is_nil(reply)
    assert.equal("more than 5 redirects", why)
    assert.equal(302, get("/moved-1/echo", { redirects = 0 }).status)
  end)

  it("checks the server's certificate, and the name in it", function()
    local cert, key = servers.certificate "DNS:edatamate"
    local tls = servers.start { certificate = cert, key = key }
    local reply, why = http.get(tls:url "/ok/echo")
    assert.is_nil(reply)
    assert.truthy(why:find("certificate", 1, true), why)
    reply, why = http.get(tls:url "/ok/echo", { ca_file = cert })
    assert.is_nil(reply)
    assert.truthy(why:find("127.0.0.1", 1, true), why)
    reply = assert(http.get(tls:url "/ok/echo", { ca_file = cert, host_name = "edatamate" }))
    assert.equal("127.0.0.1:" .. tls.port, json.decode(reply.body).headers.host)
    assert.equal(200, http.get(tls:url "/ok/echo", { verify = false }).status)
  end)
end)
