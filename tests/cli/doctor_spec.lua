-- dmhost doctor on this machine, and on one with less.
local t = require "tests.support"

describe("dmhost doctor", function()
  it("names every library, the limits, and what is missing", function()
    local status, out, err = t.dmhost "doctor"
    assert.equal(0, status)
    assert.equal("", err)
    for _, name in ipairs { "LuaJIT", "lua%-cjson", "libuv", "isa%-l", "zstd", "pcre2", "utf8proc", "xxhash" } do
      assert.truthy(out:find("\n  " .. name .. " +%d+%.%d+"), name)
    end
    assert.truthy(out:find "\n  processors +%d+ for this process")
    assert.truthy(out:find "\n  memory +%d+%.%d GB, ")
    assert.truthy(out:find "\n  open files +%d+, at most ")
    assert.truthy(out:find "\n  busted +there, for dmhost test")
    for _, name in ipairs { "libcld2", "libidn2", "expat", "nettle", "libuchardet", "libcurl", "SQLite", "libpq",
      "libmicrohttpd" } do
      assert.truthy(out:find("\n  " .. name .. " +there, for "), name)
    end
  end)
  it("names the package of what is missing", function()
    local status, out = t.shell("LUA_PATH=/nowhere/?.lua " .. t.DMHOST .. " doctor")
    assert.equal(0, status)
    assert.truthy(out:find "\n  busted +missing; needed for dmhost test")
    assert.truthy(out:find "apt install lua%-busted")
  end)
  it("names the package of a program that is not found", function()
    local _, out = t.shell("PATH=/nowhere " .. t.DMHOST .. " doctor")
    assert.truthy(out:find "\n  srun +missing; needed for %-%-engine slurm")
    assert.truthy(out:find "apt install [^\n]*slurm%-client")
  end)
  it("warns of few open files", function()
    local _, out = t.bash("ulimit -n 200; " .. t.DMHOST .. " doctor")
    assert.truthy(out:find("\nbeware\n", 1, true))
    assert.truthy(out:find("at most 200 open files", 1, true))
  end)
  it("survives a reader that goes away", function()
    assert.equal(0, (t.bash(t.DMHOST .. " doctor | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}")))
  end)
end)
