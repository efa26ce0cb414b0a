local t = require "tests.support"

local q = t.quote

describe("dmhost run", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function run(body, words)
    local path = t.pipeline(dir, body)
    return t.dmhost(("run %s %s"):format(q(path), words or ""))
  end

  local function copy(input, words, body)
    t.write(dir .. "/in.jsonl", input)
    local status, _, err = run(("input = %q, output = %q, operators = {}, %s"):format(
      dir .. "/in.jsonl", dir .. "/out.jsonl", body or ""), words)
    return status, t.read(dir .. "/out.jsonl"), err
  end

  describe("copies rows byte for byte", function()
    local corpus = t.corpus(2000)
    for _, workers in ipairs { 0, 1, 2, 7 } do
      it("with -j " .. workers, function()
        local status, out = copy(corpus, "-j " .. workers)
        assert.equal(0, status)
        assert.is_true(out == corpus)
      end)
    end
    for _, size in ipairs { "1KiB", "7000", "64KiB", "64MiB" } do
      it("with splits of " .. size, function()
        local status, out = copy(corpus, "-j 2", ("split_size = %q"):format(size))
        assert.equal(0, status)
        assert.is_true(out == corpus)
        assert.equal(t.crc64(corpus), t.receipt(dir .. "/out.jsonl.run").output_hash)
      end)
    end
  end)

  describe("reads rows as the design says", function()
    it("supplies a missing last newline", function()
      local _, out = copy '{"a":1}\n{"a":2}'
      assert.equal('{"a":1}\n{"a":2}\n', out)
    end)
    it("skips a byte order mark at the start of a file", function()
      local _, out = copy '\239\187\191{"a":1}\n'
      assert.equal('{"a":1}\n', out)
    end)
    it("reads CRLF as the end of a row and writes LF", function()
      local _, out = copy '{"a":1}\r\n{"a":2}\r\n'
      assert.equal('{"a":1}\n{"a":2}\n', out)
    end)
    it("skips blank lines and counts them", function()
      local _, out = copy '\n{"a":1}\n  \n\r\n{"a":2}\n\n'
      assert.equal('{"a":1}\n{"a":2}\n', out)
      assert.equal(4, t.receipt(dir .. "/out.jsonl.run").rows.blank_lines)
    end)
    it("reads an empty file", function()
      local status, out = copy ""
      assert.equal(0, status)
      assert.equal("", out)
    end)
    it("keeps keys, numbers and spaces as they were written", function()
      local row = '{ "b" : 1e2 ,"a":0.10,"a":12345678901234567890 , "n":null}\n'
      local _, out = copy(row)
      assert.equal(row, out)
    end)
  end)

  describe("rejects", function()
    it("rows that are not JSON objects, and says where they stand", function()
      local status, out = copy '{"a":1}\n[1]\n{"a":}\nnot json\n{"a":2}\n'
      assert.equal(3, status)
      assert.equal('{"a":1}\n{"a":2}\n', out)
      local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
      assert.equal(3, #rejects)
      assert.equal(dir .. "/in.jsonl@8", rejects[1].row)
      assert.equal("input", rejects[1].op)
      assert.equal("[1]", rejects[1].input)
      assert.equal("not json", rejects[3].input)
    end)
    it("bytes that are not UTF-8, kept as base64", function()
      local status, out = copy '{"a":"\255"}\n{"a":"ok"}\n'
      assert.equal(3, status)
      assert.equal('{"a":"ok"}\n', out)
      assert.equal("eyJhIjoi/yJ9", t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1].input_base64)
    end)
    it("a row over limits.row_size", function()
      local long = '{"a":"' .. ("x"):rep(3e6) .. '"}\n'
      local status, out = copy('{"a":1}\n' .. long .. '{"a":2}\n', "-j 1", 'limits = { row_size = "1MiB" }')
      assert.equal(3, status)
      assert.equal('{"a":1}\n{"a":2}\n', out)
      local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
      assert.equal(dir .. "/in.jsonl@8", reject.row)
      assert.truthy(reject.reason:find("row_size", 1, true))
      local _, whole = copy(long, "-j 1 --force", 'limits = { row_size = "4MiB" }')
      assert.is_true(whole == long)
    end)
    it("the same of a long row, whether it fits into a buffer or not", function()
      for _, n in ipairs { 310000, 3e6 } do
        copy(('{"a":"' .. ("x"):rep(n) .. '"}\n'), "-j 1 --force", "limits = { row_size = 300000 }")
        local reject = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")[1]
        assert.is_true(reject.cut)
        assert.equal(1024, #reject.input)
      end
    end)
    it("nothing more once on_error is fail", function()
      local status, out, err = copy('{"a":1}\nbad\n', "-j 1", 'on_error = "fail"')
      assert.equal(1, status)
      assert.is_nil(out)
      assert.truthy(err:find("in.jsonl@8", 1, true))
    end)
    it("up to max_rejects without a word in the exit status", function()
      assert.equal(0, (copy('bad\n{"a":1}\n', "--max-rejects 1")))
    end)
  end)

  describe("reads compressed input by its content", function()
    local corpus = t.corpus(3000, 7)
    local function compressed(tool, ending)
      t.write(dir .. "/a", corpus)
      os.execute(("cd %s && %s a > %s && rm a"):format(q(dir), tool, ending))
      local status = run(("input = %q, output = %q, operators = {}, split_size = '64KiB'")
        :format(dir .. "/" .. ending, dir .. "/out.jsonl"), "-j 2")
      assert.equal(0, status)
      assert.is_true(t.read(dir .. "/out.jsonl") == corpus)
    end
    it("gzip", function() compressed("gzip -c", "in.jsonl.gz") end)
    it("zstd", function() compressed("zstd -qc", "in.jsonl.zst") end)
    it("gzip without a telling name", function() compressed("gzip -c", "in.data") end)
    it("gzip of many members", function() compressed("f() { gzip -c $1; gzip -c /dev/null; }; f", "in.gz") end)
    it("zstd of many frames", function()
      t.write(dir .. "/a", corpus)
      os.execute(("cd %s && split -n l/5 a part. && zstd -q part.a? && cat part.*.zst > in.zst"):format(q(dir)))
      run(("input = %q, output = %q, operators = {}"):format(dir .. "/in.zst", dir .. "/out.jsonl"))
      assert.is_true(t.read(dir .. "/out.jsonl") == corpus)
    end)
    for _, tool in ipairs { "gzip -c", "zstd -qc" } do
      it("cut short, keeping the rows before the damage: " .. tool, function()
        t.write(dir .. "/a", corpus)
        os.execute(("cd %s && %s a > whole && head -c $(($(stat -c %%s whole) / 2)) whole > cut"):format(q(dir), tool))
        local status = run(("input = %q, output = %q, operators = {}"):format(dir .. "/cut", dir .. "/out.jsonl"))
        assert.equal(3, status)
        local out = t.read(dir .. "/out.jsonl")
        assert.is_true(#out > 1000 and corpus:sub(1, #out) == out)
        local rejects = t.json_lines(dir .. "/out.jsonl.run/rejects.jsonl")
        assert.equal(1, #rejects)
        assert.truthy(rejects[1].reason:find("truncated", 1, true))
      end)
    end
  end)

  describe("reads standard input", function()
    local corpus = t.corpus(3000, 7)
    local function piped(source, words, more)
      t.pipeline(dir, 'input = "-", output = "out", operators = {}, ' .. (more or ""))
      -- the sanitizers reserve more than any limit
      local status, _, err = t.bash(([[cd %s
        (ulimit -v 400000; exec %s version) >/dev/null 2>&1 && ulimit -v 400000
        %s run pipeline.lua %s < <(%s); s=$?; touch over; exit $s]]):format(q(dir), q(t.DMHOST), q(t.DMHOST),
        words or "-q", source))
      return status, t.read(dir .. "/out"), err
    end
    it("that is cut short, keeping the rows before the damage", function()
      t.write(dir .. "/a", corpus)
      local status, out = piped("gzip -c a | head -c 20000")
      assert.equal(3, status)
      assert.is_true(#out > 1000 and corpus:sub(1, #out) == out)
      local rejects = t.json_lines(dir .. "/out.run/rejects.jsonl")
      assert.equal(1, #rejects)
      assert.truthy(rejects[1].reason:find("truncated", 1, true))
      assert.equal("-@" .. #out, rejects[1].row)
    end)
    it("and takes a byte order mark for one at its beginning only", function()
      t.write(dir .. "/a", '\239\187\191{"a":1}\n\239\187\191{"a":2}\n')
      local status, out = piped("cat a", "-q -j 1", "split_size = 4")
      assert.equal(3, status)
      assert.equal('{"a":1}\n', out)
    end)
    it("no further than --limit needs", function()
      local source = "echo '{}'; echo '{}'; for i in {1..3000}; do [ -e over ] && exit; sleep 0.02; done; touch late"
      local status, out = piped(source, "-q --limit 1", "split_size = 3")
      assert.equal(0, status)
      assert.equal("{}\n", out)
      assert.is_nil(t.read(dir .. "/late")) -- it ends before its input does
      local _, left = t.shell(("ls %s/out.run | grep stdin"):format(q(dir)))
      assert.equal("", left)
    end)
    it("from where whoever read it before has left off", function()
      t.write(dir .. "/a", '{"a":1}\n{"a":2}\n{"a":3}\n')
      local again = ([[cd %s; %s run -q -e 'return require "dm".pipeline { operators = {} }' -i - -o -]]):format(q(dir),
        q(t.DMHOST))
      for _, workers in ipairs { 0, 2 } do
        local _, out, err = t.bash(("(read line; %s -j %d) < %s/a"):format(again, workers, q(dir)))
        assert.equal('{"a":2}\n{"a":3}\n', out, err)
      end
    end)
    it("that is a socket", function()
      local status, out, err = t.shell(([[cd %s; python3 -c 'import socket, subprocess, sys
a, b = socket.socketpair()
a.sendall(b"{}\n{}\n"); a.shutdown(socket.SHUT_WR)
sys.exit(subprocess.call(sys.argv[1:], stdin=b))' %s run -q -e 'return require "dm".pipeline { operators = {} }' \
        -i - -o -]]):format(q(dir), q(t.DMHOST)))
      assert.equal(0, status, err)
      assert.equal("{}\n{}\n", out)
    end)
    it("and writes standard output, unless they are closed", function()
      local reasons = { ["<&-"] = "standard input is closed", [">&-"] = "cannot write to standard output" }
      for closed, why in pairs(reasons) do
        for _, workers in ipairs { 0, 2 } do
          local status, _, err = t.bash(([[cd %s; echo '{}' >a; exec <a
            %s run -q -j %d -e 'return require "dm".pipeline { operators = {} }' -i - -o - %s]]):format(q(dir),
            q(t.DMHOST), workers, closed))
          assert.equal(1, status)
          assert.truthy(err:find(why, 1, true), err)
        end
      end
    end)
    it("with a row of any length in bounded memory", function()
      local status, out, err = piped("echo '{}'; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo '{}'", "-q -j 1",
        'limits = { row_size = "1MiB" }')
      assert.equal(3, status, err)
      assert.equal("{}\n{}\n", out)
    end)
  end)

  describe("writes", function()
    local corpus = t.corpus(3000, 3)
    local function to(output, words, body, rows)
      t.write(dir .. "/in.jsonl", rows or corpus)
      return run(("input = %q, output = %q, operators = {}, %s"):format(dir .. "/in.jsonl", output, body or ""), words)
    end
    it("a folder of shards that are cut at rows, the same for any -j and split size", function()
      local sums = {}
      for i, words in ipairs { "-j 1", "-j 2", "-j 7" } do
        local out = ("%s/out%d/"):format(dir, i)
        assert.equal(0, (to(out, words, ("shard_size = 50000, split_size = %d"):format(9000 * i))))
        local _, sum = t.shell(("cd %s && md5sum *.jsonl"):format(q(out)))
        sums[i] = sum
        local _, whole = t.shell(("cat %s*.jsonl"):format(q(out)))
        assert.is_true(whole == corpus)
        assert.equal(t.crc64(corpus), t.receipt(out .. ".dmhost").output_hash)
      end
      assert.equal(sums[1], sums[2])
      assert.equal(sums[1], sums[3])
      local _, count = t.shell(("ls %s/out1 | wc -l"):format(q(dir)))
      assert.is_true(tonumber(count) > 5)
    end)
    -- several blocks of input in a split, so that places are granted while later splits are being compressed
    local large = t.corpus(40000, 5)
    local large_crc = t.crc64(large)
    for ending, tool in pairs { gz = "gzip -dc", zst = "zstd -dqc" } do
      it("." .. ending .. ", the same bytes for any -j", function()
        local sums = {}
        for i, words in ipairs { "-j 1", "-j 2", "-j 7", "-j 7" } do
          local out = ("%s/out%d.jsonl.%s"):format(dir, i, ending)
          assert.equal(0, (to(out, words, 'split_size = "600KB"', large)))
          local _, whole = t.shell(tool .. " " .. q(out))
          assert.is_true(whole == large)
          assert.equal(large_crc, t.receipt(out .. ".run").output_hash)
          sums[i] = t.read(out)
          assert.is_true(sums[1] == sums[i])
        end
      end)
    end
    it("standard output from standard input", function()
      t.write(dir .. "/in.jsonl", corpus)
      local path = t.pipeline(dir, 'input = "-", output = "-", operators = {}')
      local status, out = t.shell(("cd %s && %s run pipeline.lua -q < in.jsonl"):format(q(dir), q(t.DMHOST)))
      assert.equal(0, status)
      assert.is_true(out == corpus, path)
    end)
    it("compressed files without rows that their tools can read", function()
      for ending, tool in pairs { gz = "gzip -dc", zst = "zstd -dqc" } do
        for _, output in ipairs { "/out." .. ending, "/out/{file}." .. ending } do
          assert.equal(0, (to(dir .. output, "--force", nil, "\n")))
          local status, whole = t.shell(("%s %s"):format(tool, q(dir .. output:gsub("{file}", "in.jsonl"))))
          assert.equal(0, status)
          assert.equal("", whole)
        end
      end
    end)
    ---What two files of gzip have in common, to be told when they are not the same.
    local function differences(sums)
      local list = {}
      for i, sum in ipairs(sums) do
        t.write(dir .. "/odd.gz", sum)
        local _, rows = t.shell("gzip -dc " .. q(dir .. "/odd.gz"))
        local _, members = t.shell(("LC_ALL=C grep -obUaP '\\x1f\\x8b\\x08\\x00\\x00' %s | cut -d: -f1"):format(
          q(dir .. "/odd.gz")))
        list[i] = ("%d bytes, %s rows, members at %s"):format(#sum, rows == large and "the right" or "wrong",
          members:gsub("\n", " "))
      end
      return table.concat(list, "; ")
    end
    it("the same frames from standard input, however it comes", function()
      t.write(dir .. "/in.jsonl", large)
      t.pipeline(dir, 'input = "-", output = "out.gz", operators = {}, split_size = "300KB"')
      local sums = {}
      for i, source in ipairs { "cat in.jsonl", "dd if=in.jsonl bs=7777 2>/dev/null" } do
        assert.equal(0, (t.shell(("cd %s && %s | %s run pipeline.lua -q --force"):format(q(dir), source, q(t.DMHOST)))))
        sums[i] = t.read(dir .. "/out.gz")
      end
      assert.is_true(sums[1] == sums[2], sums[1] ~= sums[2] and differences(sums))
      local _, left = t.shell(("ls %s/out.gz.run | grep stdin"):format(q(dir)))
      assert.equal("", left)
    end)
    it("nothing but rows to standard output, whatever the pipeline's file and operators print or read", function()
      local rows = ('{"a":1}\n'):rep(500)
      t.write(dir .. "/a", rows)
      t.write(dir .. "/p.lua", [[print "one"; io.write(("x"):rep(10000), "\n")
        local dm = require "dm"
        return dm.pipeline { input = "-", output = "-", operators = { dm.map(function(s)
          print "two"; io.write "three"; io.read "*l"; os.execute "echo four; cat"
        end) } }]])
      for _, workers in ipairs { 0, 1 } do
        local status, out, err = t.shell(("cd %s && head -c 800 a | %s run p.lua -q -j %d"):format(q(dir), q(t.DMHOST),
          workers))
        assert.equal(0, status, err)
        assert.equal(rows:sub(1, 800), out)
        for _, word in ipairs { "one\nxxx", "two\n", "three", "four\n" } do
          assert.truthy(err:find(word, 1, true), word)
        end
      end
    end)
    it("to a reader that closes the pipe, without complaint", function()
      t.write(dir .. "/in.jsonl", corpus)
      t.pipeline(dir, 'input = "in.jsonl", output = "-", operators = {}')
      local status, out = t.bash(("cd %s && set -o pipefail; %s run pipeline.lua -q | head -n 1"):format(q(dir),
        q(t.DMHOST)))
      assert.equal(0, status)
      assert.equal(t.lines(corpus)[1] .. "\n", out)
    end)
    it("one output for each input", function()
      os.execute("mkdir -p " .. q(dir .. "/in/sub"))
      t.write(dir .. "/in/a.jsonl", '{"a":1}\n')
      t.write(dir .. "/in/sub/b.jsonl", '{"b":1}\n{"b":2}\n')
      t.write(dir .. "/in/c.jsonl", "")
      local status = run(("input = %q, output = %q, operators = {}"):format(dir .. "/in", dir .. "/out/{file}"))
      assert.equal(0, status)
      assert.equal('{"a":1}\n', t.read(dir .. "/out/a.jsonl"))
      assert.equal('{"b":1}\n{"b":2}\n', t.read(dir .. "/out/sub/b.jsonl"))
      assert.equal("", t.read(dir .. "/out/c.jsonl"))
    end)
    it("one output for each input, compressed as its name says", function()
      os.execute("mkdir -p " .. q(dir .. "/in"))
      t.shell(("cd %s/in && echo '{\"a\":1}' | tee d.jsonl | gzip -c >a.jsonl.gz"):format(q(dir)))
      t.shell(("cd %s/in && zstd -q d.jsonl -o b.zst && gzip -c </dev/null >c.gz"):format(q(dir)))
      assert.equal(0, (run(("input = %q, output = %q, operators = {}"):format(dir .. "/in/*", dir .. "/out/{file}"))))
      local _, rows = t.shell(("cd %s/out && zstd -dc b.zst && gzip -dc a.jsonl.gz c.gz && cat d.jsonl"):format(
        q(dir)))
      assert.equal(('{"a":1}\n'):rep(3), rows)
    end)
    it("many small files in the order of their paths", function()
      os.execute("mkdir -p " .. q(dir .. "/in"))
      local want = {}
      for i = 1, 300 do
        t.write(("%s/in/%03d.jsonl"):format(dir, i), ('{"i":%d}\n'):format(i))
        want[i] = ('{"i":%d}\n'):format(i)
      end
      local body = ("input = %q, output = %q, operators = {}"):format(dir .. "/in/*.jsonl", dir .. "/out")
      assert.equal(0, (run(body, "-j 2")))
      assert.equal(table.concat(want), t.read(dir .. "/out"))
    end)
  end)

  it("reads a share of the rows with --sample, the same for any -j and split size", function()
    local corpus = t.corpus(5000)
    local _, want = copy(corpus, "--sample 0.2 -j 1")
    assert.is_true(math.abs(#t.lines(want) - 1000) < 150, #t.lines(want))
    local known = {}
    for _, line in ipairs(t.lines(corpus)) do known[line] = true end
    for _, line in ipairs(t.lines(want)) do assert.is_true(known[line]) end
    local _, again = copy(corpus, "--sample 0.2 -j 2 --force", "split_size = 20000")
    assert.is_true(again == want)
    assert.equal(2, (copy(corpus, "--sample 2 --force")))
  end)

  describe("reads the first rows only with --limit", function()
    local corpus = t.corpus(500)
    it("of a file", function()
      local _, out = copy(corpus, "--limit 7 -j 2", "split_size = 1000")
      assert.equal(7, #t.lines(out))
      assert.equal(out, corpus:sub(1, #out))
    end)
    it("of compressed files", function()
      for _, name in ipairs { "a", "b" } do
        t.write(dir .. "/" .. name .. ".jsonl", corpus)
        os.execute("gzip " .. q(dir .. "/" .. name .. ".jsonl"))
      end
      for _, n in ipairs { 7, 500, 507 } do
        local status = run(("input = %q, output = %q, operators = {}, split_size = 1000"):format(
          dir .. "/*.gz", dir .. "/out"), "--force -j 2 --limit " .. n)
        assert.equal(0, status)
        local out = t.read(dir .. "/out")
        assert.equal(n, #t.lines(out))
        assert.is_true((corpus .. corpus):sub(1, #out) == out)
      end
    end)
    it("when rows that are too long are among them", function()
      local long = ("x"):rep(2.5e6) .. "\n"
      local status, out = copy(long:rep(5), "--limit 3", "limits = { row_size = 1000000 }")
      assert.equal(3, status)
      assert.equal("", out)
      assert.equal(3, t.receipt(dir .. "/out.jsonl.run").rows["in"])
    end)
  end)

  it("takes for input nothing that it writes itself, nor what lies in run directories", function()
    local corpus = t.corpus(50)
    local outputs = { ["data/b.jsonl"] = "b.jsonl", ["data/b/"] = "b/00000.jsonl", ["data/b/{file}"] = "b/a.jsonl" }
    for output, name in pairs(outputs) do
      for _, input in ipairs { "data/", "data/*.jsonl", "data/{a,old.run/rejects}.jsonl", "data/{a.jsonl,*.run}" } do
        os.execute(("cd %s && rm -rf data && mkdir -p data/old.run && touch data/old.run/journal && "
          .. "echo '{}' >data/old.run/rejects.jsonl"):format(q(dir)))
        t.write(dir .. "/data/a.jsonl", corpus)
        t.pipeline(dir, ("input = %q, output = %q, operators = {}"):format(input, output))
        for _ = 1, 2 do
          local status, _, err = t.bash(("cd %s; %s run pipeline.lua -q --force"):format(q(dir), q(t.DMHOST)))
          assert.equal(0, status, err)
          assert.is_true(t.read(dir .. "/data/" .. name) == corpus)
        end
      end
    end
  end)
  it("says so when it can leave no receipt", function()
    t.write(dir .. "/in.jsonl", '{"id":1}\n')
    local folder = dir .. "/out.jsonl.run"
    t.pipeline(dir, ([[input = %q, output = %q, operators = {
      dm.map(function() os.execute("mkdir -p %s/run.json/x") end) }]]):format(dir .. "/in.jsonl", dir .. "/out.jsonl",
      folder))
    local _, _, err = t.dmhost(("run %s/pipeline.lua -j 1 -q"):format(q(dir)))
    assert.truthy(err:find("dmhost: the run has left no receipt: " .. folder .. "/run.json.new: Is a directory", 1,
      true), err)
  end)
end)
