-- Files as samples: dm.files as the source of a pipeline and as a loop.
local t = require "tests.support"
local dm = require "dm"

local q = t.quote

describe("dm.files", function()
  local dir
  before_each(function()
    dir = t.scratch()
    os.execute(("mkdir -p %s/docs/sub/deep %s/docs/.git"):format(q(dir), q(dir)))
  end)
  after_each(t.clean)

  local function doc(name, text)
    t.write(dir .. "/docs/" .. name, text)
  end

  ---Runs a pipeline over docs/ and returns its status, samples, rejects and what it said.
  local function run(options, words, body)
    t.pipeline(dir, ("input = dm.files(%q, %s), output = %q, operators = {}, %s"):format(
      dir .. "/docs/", options or "{ content = true }", dir .. "/out.jsonl", body or ""))
    local status, _, err = t.dmhost(("run %s/pipeline.lua %s"):format(q(dir), words or ""))
    return status, t.json_lines(dir .. "/out.jsonl"), t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl"), err
  end

  local function names(samples)
    local list = {}
    for i, s in ipairs(samples) do list[i] = s.filePath:sub(#dir + 7) end
    return table.concat(list, " ")
  end

  local function by_name(samples)
    local list = {}
    for _, s in ipairs(samples) do list[s.fileName] = s end
    return list
  end

  it("makes one sample of each file, in the order of paths", function()
    doc("b.txt", "two\n")
    doc("a.md", "# one")
    doc("sub/deep/c.html", "<p>three</p>")
    doc("sub-d", "four")
    doc(".hidden", "no")
    doc(".git/config", "no")
    local status, samples, rejects = run()
    assert.equal(0, status)
    assert.equal("a.md b.txt sub-d sub/deep/c.html", names(samples))
    assert.equal(0, #rejects)
    local _, mtime = t.shell(("date -u -d @$(stat -c %%Y %s/docs/a.md) +%%FT%%TZ"):format(q(dir)))
    assert.same({ fileName = "a.md", fileType = "md", filePath = dir .. "/docs/a.md", fileSize = 5,
      modifiedTime = mtime:match "%S+", text = "# one" }, samples[1])
  end)

  it("gives no text without content", function()
    doc("a.txt", "text")
    doc("bad.txt", "ok\195(")
    local status, samples = run "{}"
    assert.equal(0, status)
    assert.equal(2, #samples)
    assert.is_nil(samples[1].text)
    assert.equal("txt", samples[1].fileType)
  end)

  it("reads text as DataMate does: no byte order mark, LF for CRLF, CR alone as it is", function()
    doc("bom.txt", "\239\187\191bom")
    doc("double.txt", "\239\187\191\239\187\191double")
    doc("mid.txt", "mid\239\187\191bom")
    doc("crlf.txt", "a\r\nb\r\n")
    doc("cr.txt", "a\n\rb\r")
    doc("crcrlf.txt", "a\r\r\n\r\nb")
    doc("empty.txt", "")
    doc("nul.log", "a\tb\\\"\1")
    local _, samples = run()
    local s = by_name(samples)
    assert.equal("bom", s["bom.txt"].text)
    assert.equal("\239\187\191double", s["double.txt"].text)
    assert.equal("mid\239\187\191bom", s["mid.txt"].text)
    assert.equal("a\nb\n", s["crlf.txt"].text)
    assert.equal("a\n\rb\r", s["cr.txt"].text)
    assert.equal("a\r\n\nb", s["crcrlf.txt"].text)
    assert.equal("", s["empty.txt"].text)
    assert.equal("a\tb\\\"\1", s["nul.log"].text)
  end)

  it("turns other charsets into UTF-8", function()
    local text = "数据清洗是大规模语言模型训练的第一步。没有干净的数据，再大的模型也学不好。\n"
    for _, charset in ipairs { "GB18030", "UTF-16", "UTF-16LE", "UTF-8" } do
      doc("utf8", text)
      local convert = ("cd %s/docs && iconv -f UTF-8 -t %s utf8 > %s.txt && rm utf8"):format(q(dir), charset, charset)
      assert.equal(0, (t.shell(convert)))
    end
    local _, samples = run()
    assert.equal(4, #samples)
    for _, s in ipairs(samples) do assert.equal(text, s.text) end
  end)

  it("tells types by content, and by the name where that leaves it open", function()
    local cases = {
      { "x.txt", "%PDF-1.7\n", "pdf" }, { "x", "\137PNG\r\n\26\n\0", "png" }, { "x.jpeg", "\255\216\255\224", "jpeg" },
      { "x.svs", "II*\0", "svs" }, { "x.tif", "II*\0", "tif" }, { "photo", "\255\216\255\224", "jpg" },
      { "x.docx", "PK\3\4", "docx" }, { "x", "PK\3\4......word/document.xml", "docx" }, { "x.bin", "PK\3\4", "zip" },
      { "x.png", "not an image", "txt" }, { "X.HTM", "text", "htm" }, { "x", "  <!DOCTYPE HTML>", "html" },
      { "x", '<?xml version="1.0"?>', "xml" }, { "x.py", "print(1)", "py" }, { "x.json", "{}", "json" },
      { "x.dat", "a\0b", "dat" }, { "x.txt", "a\0b", "bin" }, { "x", "", "txt" }, { "x.png", "", "png" },
      { "x.tar.gz", "\31\139\8", "gz" }, { "x.BMP", "BM\1\0\0\0\0\0\0\0", "bmp" }, { "BMW", "BMW is a car", "txt" },
      { "x.a-b", "text", "txt" }, { "x.averyverylongextension", "text", "txt" }, { "x.txt", "a\0b\0\n\0", "txt" },
      { "x.dcm", ("\0"):rep(128) .. "DICM", "dcm" }, { "x", ("a\0"):rep(128) .. "\0ustar", "tar" },
    }
    for i, case in ipairs(cases) do
      os.execute(("mkdir %s/docs/%02d"):format(q(dir), i))
      doc(("%02d/%s"):format(i, case[1]), case[2])
    end
    local _, samples = run "{}"
    assert.equal(#cases, #samples)
    for i, case in ipairs(cases) do assert.equal(case[3], samples[i].fileType, ("%d %s"):format(i, case[1])) end
  end)

  it("gives no text of files that are none", function()
    doc("a.png", "\137PNG\r\n\26\n\0")
    local status, samples = run()
    assert.equal(0, status)
    assert.is_nil(samples[1].text)
  end)

  it("rejects what can not be read, each once, and says why", function()
    doc("good.txt", "good")
    doc("short.txt", "ok\195(")
    doc("damaged.txt", ("数据清洗"):rep(100) .. "\255")
    doc("na\255me.txt", "text")
    os.execute(("cd %s/docs && ln -s .. sub/loop && ln -s nowhere sub/broken && ln -s me me && mkfifo pipe")
      :format(q(dir)))
    local status, samples, rejects, err = run()
    assert.equal(3, status)
    assert.equal("good.txt", names(samples))
    local why = {}
    for _, r in ipairs(rejects) do
      assert.equal("input", r.op)
      why[r.row:sub(#dir + 7)] = r.reason
    end
    assert.same({
      ["short.txt@0"] = "its charset can not be told",
      ["damaged.txt@0"] = "byte 1201 (0xff) is not UTF-8",
      ["na?me.txt@0"] = "its path is not UTF-8",
      ["sub/broken@0"] = "cannot be read: No such file or directory",
      ["sub/loop@0"] = "is a symbolic link that leads back to a folder around it",
      ["me@0"] = "cannot be read: Too many levels of symbolic links",
      ["pipe@0"] = "is no regular file",
    }, why)
    assert.truthy(err:find("8 rows in, 1 out, 0 dropped, 7 rejected", 1, true), err)
    assert.truthy(rejects[1].input:find('"fileName":"damaged.txt"', 1, true))
  end)

  it("rejects folders and files that it may not read", function()
    doc("a.txt", "a")
    doc("secret.txt", "b")
    doc("sub/c.txt", "c")
    t.write(dir .. "/list.lua", ('for f, why in require("dm").files(%q) do print(f.fileName, why) end')
      :format(dir .. "/docs"))
    local _, user = t.shell "id -u"
    local as = tonumber(user) == 0 and "setpriv --reuid=65534 --regid=65534 --clear-groups " or ""
    os.execute(("cp %s %s/dmhost; cd %s && chmod -R a+rX . && cd docs && chmod 000 sub secret.txt"):format(q(t.DMHOST),
      q(dir), q(dir)))
    local status, out, err = t.shell(("%s%s/dmhost lua %s/list.lua"):format(as, q(dir), q(dir)))
    os.execute(("chmod 755 %s/docs/sub"):format(q(dir)))
    assert.equal(0, status, err)
    assert.equal("a.txt\tnil\nsecret.txt\tcannot be read: Permission denied\n"
      .. "sub\tcannot be read: Permission denied\n", out)
  end)

  it("rejects a text over limits.row_size without reading it", function()
    doc("big.txt", ("x"):rep(5000))
    doc("escapes.txt", ("\1"):rep(900))
    doc("small.txt", ("x"):rep(500))
    local status, samples, rejects = run(nil, "", "limits = { row_size = '4KiB' }")
    assert.equal(3, status)
    assert.equal("small.txt", names(samples))
    assert.equal("text is longer than limits.row_size, 4096 bytes", rejects[1].reason)
    assert.equal("row is longer than limits.row_size, 4096 bytes", rejects[2].reason)
  end)

  describe("of many files", function()
    before_each(function()
      for i = 1, 300 do
        doc(("%03d.txt"):format(i), i % 50 == 0 and "ok\195(" or ("text %d\n"):format(i):rep(i % 7 * 900))
      end
    end)

    local function results()
      local _, out = t.shell(("cd %s && md5sum out.jsonl out.jsonl.run/rejects.jsonl out.jsonl.run/ledger.jsonl")
        :format(q(dir)))
      return out
    end

    local function sums(words, body)
      os.execute(("rm -rf %s/out.jsonl*"):format(q(dir)))
      run(nil, words, body)
      return results()
    end

    it("is the same for any number of workers and any split size", function()
      local expected = sums "-j 1"
      for _, j in ipairs { 0, 2, 5 } do assert.equal(expected, sums("-j " .. j)) end
      for _, size in ipairs { "1KiB", "20KiB" } do
        assert.equal(expected, sums("-j 2", ("split_size = %q"):format(size)))
      end
    end)

    it("takes the first rows with --limit and a share with --sample", function()
      local _, samples, rejects = run(nil, "--limit 60 -j 2 --force")
      assert.equal(59, #samples)
      assert.equal(1, #rejects)
      assert.equal("060.txt", samples[59].fileName)
      local _, some = run(nil, "--sample 0.2 --force")
      assert.is_true(#some > 20 and #some < 120)
      local _, again = run(nil, "--sample 0.2 --force -j 0")
      assert.same(some, again)
    end)

    it("goes on with --resume, and refuses it when a file has changed", function()
      t.write(dir .. "/go", "")
      local body = "operators = { %s }, split_size = '8KiB', limits = { row_time = '5min' }"
      local expected = sums("-j 2", body:format(t.waits("s.fileName > '100.txt'", dir .. "/go")))
      os.execute(("rm -rf %s/out.jsonl* %s/go"):format(q(dir), q(dir)))
      local path = dir .. "/pipeline.lua"
      local status = t.bash(([[
        cd %s; %s run %s -j 2 -q & pid=$!
        await test -s out.jsonl.run/journal
        kill -INT $pid
        await grep stopping out.jsonl.run/log
        touch go; wait $pid]]):format(q(dir), q(t.DMHOST), q(path)))
      assert.equal(130, status)
      local _, mtime = t.shell(("stat -c %%y %s/docs/150.txt"):format(q(dir)))
      os.execute(("touch -d 2001-01-01 %s/docs/150.txt"):format(q(dir)))
      local refused, _, err = t.dmhost(("run %s -j 2 -q --resume"):format(q(path)))
      assert.equal(2, refused)
      assert.truthy(err:find("150.txt has changed since the run began", 1, true), err)
      os.execute(("touch -d %s %s/docs/150.txt"):format(q(mtime:match "[^\n]+"), q(dir)))
      assert.equal(3, (t.dmhost(("run %s -j 1 -q --resume"):format(q(path)))))
      assert.equal(expected, results())
    end)
  end)

  it("costs a file that crashes an operator, and that file alone", function()
    for i = 1, 20 do doc(("%02d.txt"):format(i), "text") end
    t.pipeline(dir, ([[input = dm.files(%q, { content = true }), output = %q, operators = { dm.map(function(s)
      if s.fileName == "07.txt" then require("ffi").cast("int *", 8)[0] = 1 end end) }]])
      :format(dir .. "/docs", dir .. "/out.jsonl"))
    local status = t.dmhost(("run %s/pipeline.lua -j 2 -q"):format(q(dir)))
    assert.equal(3, status)
    assert.equal(19, #t.json_lines(dir .. "/out.jsonl"))
    assert.equal(dir .. "/docs/07.txt@0", t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].row)
  end)

  it("costs a file that can not be read within limits.memory, and that file alone", function()
    doc("a.txt", "a")
    doc("b.txt", ("\1"):rep(30 * 1000 * 1000)) -- six bytes of JSON each
    doc("c.txt", "c")
    local status, samples, rejects = run(nil, "-j 2", "limits = { memory = '110MiB' }")
    assert.equal(3, status)
    assert.equal("a.txt c.txt", names(samples))
    assert.equal(dir .. "/docs/b.txt@0", rejects[1].row)
  end)

  it("does not read its own output", function()
    doc("a.txt", "a")
    t.pipeline(dir, ("input = dm.files(%q), output = %q, operators = {}")
      :format(dir .. "/docs", dir .. "/docs/out.jsonl"))
    for _ = 1, 2 do
      assert.equal(0, (t.dmhost(("run %s/pipeline.lua --force -q"):format(q(dir)))))
      assert.equal(1, #t.json_lines(dir .. "/docs/out.jsonl"))
    end
  end)

  it("reads what -i names instead, in the same way", function()
    doc("a.txt", "a")
    doc("sub/b.txt", "b")
    local status, samples = run(nil, ("-i %s/docs/sub -i '%s/docs/*.txt'"):format(q(dir), dir))
    assert.equal(0, status)
    assert.equal("a.txt sub/b.txt", names(samples))
    assert.equal("b", samples[2].text)
  end)

  it("writes one output for each file", function()
    doc("a.txt", "a")
    doc("sub/b.txt", "b")
    run(nil, ("-o %s/each/{file}.jsonl"):format(q(dir)))
    assert.equal("b", t.json_lines(dir .. "/each/sub/b.txt.jsonl")[1].text)
  end)

  it("is checked with `dmhost check`", function()
    doc("a.txt", "a")
    doc("b.txt", "ok\195(")
    t.pipeline(dir, ([[input = dm.files(%q, { content = true }), output = %q,
      operators = { dm.map(function(s) s.n = #s.fileNames end) }]]):format(dir .. "/docs", dir .. "/out.jsonl"))
    local _, out = t.dmhost(("check %s/pipeline.lua"):format(q(dir)))
    assert.truthy(out:find("b.txt@0", 1, true), out)
    assert.truthy(out:find("its charset can not be told", 1, true), out)
    assert.truthy(out:find("fileNames", 1, true), out)
  end)

  it("says what is wrong with it", function()
    local function refused(body, message)
      t.pipeline(dir, body .. (", output = %q, operators = {}"):format(dir .. "/out"))
      local status, _, err = t.dmhost(("run %s/pipeline.lua"):format(q(dir)))
      assert.equal(2, status)
      assert.truthy(err:find(message, 1, true), err)
    end
    refused(("input = dm.files(%q)"):format(dir .. "/docs"), "there is no file in " .. dir .. "/docs")
    refused(("input = dm.files(%q)"):format(dir .. "/nowhere"), "cannot read " .. dir .. "/nowhere: No such file")
    refused("input = dm.files '-'", "dm.files reads files, not standard input (-)")
    refused("input = dm.files('x', { contents = true })", 'dm.files has no option "contents"; did you mean "content"')
    refused("input = dm.files('x', { content = 1 })", "dm.files: content is true or false")
    refused("input = dm.files {}", "dm.files takes a folder, or a list of them")
  end)

  it("is a loop, as often as one likes", function()
    doc("a.txt", "a\r\n")
    doc("b.txt", "ok\195(")
    local files, seen = dm.files({ dir .. "/docs" }, { content = true }), {}
    for file, why in files do seen[#seen + 1] = file.fileName .. " " .. tostring(file.text) .. " " .. tostring(why) end
    assert.same({ "a.txt a\n nil", "b.txt nil its charset can not be told" }, seen)
    for _ = 1, 2 do
      assert.equal("a.txt", files().fileName) -- as a loop that is left begins
    end
    for _ in dm.files(dir .. "/docs/.git") do error "nothing is in there" end
    assert.has_error(function() local _ = dm.files(dir .. "/nowhere")() end,
      "cannot read " .. dir .. "/nowhere: No such file or directory")
  end)
end)
