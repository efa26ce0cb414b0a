-- download_file_mapper against a server of files.
local t = require "tests.support"

local q = t.quote

describe("download_file_mapper", function()
  local dir, pid, base
  setup(function()
    dir = t.scratch()
    os.execute(("mkdir -p %s/www/a"):format(q(dir)))
    t.write(dir .. "/www/a/one.txt", "one\n")
    t.write(dir .. "/www/two.bin", "\255\0two")
    t.write(dir .. "/www/数 %3.txt", "three")
    local command = "python3 -u -m http.server 0 --bind 127.0.0.1 -d %s/www >%s/port 2>/dev/null & echo $!"
    local _, out = t.shell(command:format(q(dir), q(dir)))
    pid = tonumber(out)
    base = "http://127.0.0.1:" .. t.wait_for("the port", function()
      return (t.read(dir .. "/port") or ""):match "port (%d+)"
    end)
  end)
  teardown(function()
    os.execute("kill " .. pid)
    t.clean()
  end)

  ---Runs it over rows; its rows, and what it said.
  local function run(options, rows)
    t.write(dir .. "/in.jsonl", (table.concat(rows, "\n"):gsub("BASE", base)) .. "\n")
    t.pipeline(dir, ('input = "in.jsonl", output = "out.jsonl", operators = { { "download_file_mapper", '
      .. 'download_field = "u", %s } }'):format(options))
    local status, _, err = t.shell(("cd %s && %s run pipeline.lua -q --force"):format(q(dir), t.DMHOST))
    return (t.read(dir .. "/out.jsonl") or ""):gsub(base:gsub("%p", "%%%0"), "BASE"), err, status
  end

  it("fetches into a field", function()
    local out, err = run('save_field = "c"', { '{"u":"BASE/a/one.txt?x#y"}', '{"u":["BASE/two.bin","BASE/none"]}',
      '{"n":1}', '{"u":""}', '{"u":[]}' })
    assert.equal('{"u":"BASE/a/one.txt?x#y","c":"b25lCg=="}\n{"u":["BASE/two.bin","BASE/none"],"c":["/wB0d28=",null]}\n'
      .. '{"n":1}\n{"u":""}\n{"u":[],"c":[]}\n', out)
    assert.truthy(err:find("/none: HTTP 404", 1, true), err)
  end)
  it("fetches into a folder, once", function()
    local rows = { '{"u":"BASE/a/one.txt"}', '{"u":["BASE/two.bin","BASE/none","/dev/null"]}' }
    local want = '{"u":"files/one.txt"}\n{"u":["files/two.bin","BASE/none","/dev/null"]}\n'
    assert.equal(want, (run('save_dir = "files"', rows)))
    assert.equal("\255\0two", t.read(dir .. "/files/two.bin"))
    t.write(dir .. "/files/one.txt", "mine")
    assert.equal(want, (run('save_dir = "files"', rows)))
    assert.equal("mine", t.read(dir .. "/files/one.txt"))
  end)
  it("escapes what may not stand in a URL", function()
    local rows = { [[{"u":"BASE/数 %3.txt?a b=é#c d"}]], [[{"u":"BASE/%E6%95%B0%20%253.txt"}]] }
    assert.equal('{"u":"BASE/数 %3.txt?a b=é#c d","c":"dGhyZWU="}\n{"u":"BASE/%E6%95%B0%20%253.txt","c":"dGhyZWU="}\n',
      (run('save_field = "c"', rows)))
  end)
  it("fills what is lacking, when it is asked to", function()
    local rows = { '{"u":["BASE/two.bin","BASE/a/one.txt"],"c":["eA==",null]}' }
    local _, _, status = run('save_field = "c"', rows)
    assert.equal(3, status)
    assert.equal('{"u":["BASE/two.bin","BASE/a/one.txt"],"c":["eA==","b25lCg=="]}\n',
      (run('save_field = "c", resume_download = true', rows)))
  end)
end)
