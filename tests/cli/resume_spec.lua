-- What --resume and --force find: runs that ended, runs that were cut off, folders that somebody has tampered with.
local t = require "tests.support"

local q = t.quote

describe("dmhost run", function()
  local dir, corpus
  setup(function() corpus = t.corpus(3000, 13) end)
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus)
  end)
  after_each(t.clean)

  ---Holds up most rows until interrupt() has done its work.
  local function waits()
    return t.waits("s.id > 1000", dir .. "/go")
  end

  local function prepare(output, operators, more)
    t.pipeline(dir, ("input = %q, output = %q, operators = { %s }, split_size = '16KiB', %s, %s"):format(
      dir .. "/in.jsonl", dir .. "/" .. output, operators, "limits = { row_time = '5min' }", more or ""))
  end

  local function run(words)
    return t.dmhost(("run %s/pipeline.lua -j 2 -q %s"):format(q(dir), words or ""))
  end

  -- Begins a run and stops it when something has been committed.
  local function interrupt(words, folder)
    local status = t.bash(([[
      %s run %s/pipeline.lua -j 2 -q %s & pid=$!
      folder=%s
      await test -s $folder/journal
      kill -INT $pid
      await grep stopping $folder/log
      touch %s/go; wait $pid]]):format(q(t.DMHOST), q(dir), words or "", q(folder), q(dir)))
    assert.equal(130, status)
  end

  describe("--resume of a run that has ended", function()
    for _, output in ipairs { "out.jsonl", "out/", "out.jsonl.gz", "out/{file}" } do
      it("changes nothing: " .. output, function()
        prepare(output, "")
        assert.equal(0, (run()))
        local folder = output == "out.jsonl" and "/out.jsonl" or output == "out.jsonl.gz" and "/out.jsonl.gz" or "/out"
        local _, before = t.shell(("cd %s && find .%s* -type f | xargs md5sum"):format(q(dir), folder))
        local status, _, err = run "--resume"
        assert.equal(0, status)
        assert.truthy(err:find("complete already", 1, true), err)
        local _, after = t.shell(("cd %s && find .%s* -type f | xargs md5sum"):format(q(dir), folder))
        assert.equal(before, after)
      end)
      it("ends as that did: " .. output, function()
        prepare(output, "dm.map(function(s) if s.id == 7 then error 'seven' end end)")
        assert.equal(3, (run()))
        local status, _, err = run "--resume"
        assert.equal(3, status)
        assert.truthy(err:find("complete already", 1, true), err)
      end)
      it("finds it without a receipt: " .. output, function()
        prepare(output, "")
        assert.equal(0, (run()))
        local find = ("cd %s && find out* -type f | grep -v '[.]run/\\|[.]dmhost/' | xargs md5sum"):format(q(dir))
        local _, before = t.shell(find)
        os.execute(("rm %s/*/run.json %s/*/.dmhost/run.json 2>/dev/null"):format(q(dir), q(dir)))
        assert.equal(0, (run "--resume"))
        local _, after = t.shell(find)
        assert.equal(before, after)
      end)
    end
  end)

  for _, ending in ipairs { "", ".gz", ".zst" } do
    it("--resume finds an output without rows that a crash left without a receipt: out.jsonl" .. ending, function()
      prepare("out.jsonl" .. ending, "dm.filter(function() return false end)")
      assert.equal(0, (run()))
      local before = t.read(dir .. "/out.jsonl" .. ending)
      os.execute(("rm %s/*.run/run.json"):format(q(dir)))
      local status, _, err = run "--resume"
      assert.equal(0, status, err)
      assert.equal(before, t.read(dir .. "/out.jsonl" .. ending))
    end)
  end

  it("--resume goes on with splits as long as they would have been: compressed output is the same bytes", function()
    local rows = {}
    for i = 1, 4000 do rows[i] = ('{"id":%d,"text":"%s"}\n'):format(i, ("x"):rep(i % 1700)) end
    t.write(dir .. "/in.jsonl", table.concat(rows))
    prepare("out.jsonl.gz", waits(), "split_size = '8MiB'")
    interrupt("", dir .. "/out.jsonl.gz.run")
    local status, _, err = run "--resume"
    assert.equal(0, status, err)
    local resumed = t.read(dir .. "/out.jsonl.gz")
    assert.equal(0, (run "--force"))
    assert.is_true(resumed == t.read(dir .. "/out.jsonl.gz"))
  end)
  it("--resume goes on with a run that was to replace an output", function()
    prepare("out.jsonl", waits())
    t.write(dir .. "/out.jsonl", "old\n")
    interrupt("--force", dir .. "/out.jsonl.run")
    assert.equal("old\n", t.read(dir .. "/out.jsonl"))
    assert.equal(0, (run "--resume"))
    assert.equal(3000, #t.lines(t.read(dir .. "/out.jsonl")))
  end)
  for _, output in ipairs { "out.jsonl", "out/", "out/{file}" } do
    local file = output == "out/" and "/out/00000.jsonl" or output == "out.jsonl" and "/out.jsonl" or "/out/in.jsonl"
    it("replaces nothing that came since the run began, but with --force: " .. output, function()
      prepare(output, waits())
      interrupt("", dir .. (output == "out.jsonl" and "/out.jsonl.run" or "/out/.dmhost"))
      t.write(dir .. file, "mine\n")
      local status, _, err = run "--resume"
      assert.equal(1, status)
      assert.truthy(err:find(file:match "[^/]+$" .. " exists, and did not when the run began\n  next    move it away "
        .. "and go on with --resume", 1, true), err)
      assert.equal("mine\n", t.read(dir .. file))
      assert.equal(0, (run "--resume --force"))
      assert.equal(3000, #t.lines(t.read(dir .. file)))
    end)
  end
  it("--resume without a run does not replace an output", function()
    prepare("out.jsonl", "")
    t.write(dir .. "/out.jsonl", "old\n")
    local status, _, err = run "--resume"
    assert.equal(2, status)
    assert.truthy(err:find("--force", 1, true), err)
    assert.equal("old\n", t.read(dir .. "/out.jsonl"))
  end)
  for _, name in ipairs { "rows", "ledger.jsonl" } do
    it("--resume refuses when a file of the run is shorter than it was: " .. name, function()
      prepare("out.jsonl", 'dm.filter(function(s) return s.id % 2 == 0, "odd" end), ' .. waits())
      interrupt("", dir .. "/out.jsonl.run")
      os.execute(("truncate -s 100 %s/out.jsonl.run/%s"):format(q(dir), name))
      local status, _, err = run "--resume"
      assert.equal(2, status)
      assert.truthy(err:find(name .. " is shorter", 1, true), err)
      assert.is_nil(t.read(dir .. "/out.jsonl"))
    end)
  end
  it("--resume refuses when a shard that was complete is gone, and names those that a crash left without", function()
    prepare("out/", waits(), "shard_size = 10000")
    interrupt("", dir .. "/out/.dmhost")
    os.execute(("cd %s/out && mv 00000.jsonl 00001.jsonl 00002.jsonl .dmhost"):format(q(dir)))
    os.execute(("cd %s/out && mv 00003.jsonl ../kept"):format(q(dir)))
    local status, _, err = run "--resume"
    assert.equal(2, status)
    assert.truthy(err:find("out/00003.jsonl was complete, and is not there any more\n  next    put it", 1, true), err)
    os.execute(("mv %s/kept %s/out/00003.jsonl"):format(q(dir), q(dir)))
    assert.equal(0, (run "--resume"))
    local _, whole = t.shell(("cat %s/out/*.jsonl"):format(q(dir)))
    assert.is_true(whole == corpus:gsub("}\n", ',"waited":true}\n'))
  end)
  it("--resume says that plan.json is damaged", function()
    prepare("out.jsonl", waits())
    interrupt("", dir .. "/out.jsonl.run")
    t.write(dir .. "/out.jsonl.run/plan.json", '{"pipeline":"x')
    local status, _, err = run "--resume"
    assert.equal(2, status)
    assert.truthy(err:find("plan.json is damaged, or was written by another dmhost\n  next    start again "
      .. "with --force", 1, true), err)
  end)
  it("--resume refuses when what the run was begun with is missing", function()
    prepare("out.jsonl", waits())
    interrupt("", dir .. "/out.jsonl.run")
    for _, name in ipairs { "inputs", "plan.json" } do
      os.remove(dir .. "/out.jsonl.run/" .. name)
      local status, _, err = run "--resume"
      assert.equal(2, status)
      assert.truthy(err:find(name .. " is missing: what the run was begun with is not known\n  next    start again "
        .. "with --force", 1, true), err)
    end
  end)
  it("--resume names the input that is another one, or too few", function()
    t.write(dir .. "/a b.jsonl", corpus)
    t.write(dir .. "/c d.jsonl", corpus)
    prepare("out.jsonl", waits())
    local both = ("-i %s/in.jsonl -i '%s/a b.jsonl' "):format(q(dir), dir)
    interrupt(both, dir .. "/out.jsonl.run")
    for words, why in pairs {
      ["-i '%s/in.jsonl'"] = "the run began with the input %s/a b.jsonl where it is %s/in.jsonl now",
      ["-i '%s/c d.jsonl' -i '%s/in.jsonl'"] = "the run began with the input %s/a b.jsonl where",
      ["-i '%s/a b.jsonl'"] = "the run began with the input %s/in.jsonl too",
    } do
      local status, _, err = run("--resume " .. words:gsub("%%s", dir))
      assert.equal(2, status)
      assert.truthy(err:find(why:gsub("%%s", dir), 1, true), err)
    end
    assert.equal(0, (run("--resume " .. both)))
  end)
  it("--resume starts afresh where a run was cut off before its first commit", function()
    prepare("out.jsonl", "")
    os.execute(("mkdir %s/out.jsonl.run"):format(q(dir)))
    t.write(dir .. "/out.jsonl.run/plan.json", '{"pipeline":"x')
    t.write(dir .. "/out.jsonl.run/journal", "")
    assert.equal(0, (run "--resume"))
    assert.is_true(t.read(dir .. "/out.jsonl") == corpus)
  end)
  it("--force replaces the output of an input that has no rows any more", function()
    prepare("out/{file}", "")
    assert.equal(0, (run()))
    t.write(dir .. "/in.jsonl", "")
    assert.equal(0, (run "--force"))
    assert.equal("", t.read(dir .. "/out/in.jsonl"))
  end)
  it("that is refused leaves the receipt of the run that it would go on with", function()
    prepare("out.jsonl", waits())
    interrupt("", dir .. "/out.jsonl.run")
    local receipt = t.read(dir .. "/out.jsonl.run/run.json")
    assert.truthy(receipt:find('"status":"interrupted"', 1, true))
    assert.equal(2, (run()))
    t.write(dir .. "/in.jsonl", corpus .. "{}\n")
    assert.equal(2, (run "--resume"))
    assert.equal(receipt, t.read(dir .. "/out.jsonl.run/run.json"))
  end)
  it("does not write through links and pipes that stand in its directory", function()
    prepare("out.jsonl", "")
    t.write(dir .. "/mine", "mine\n")
    os.execute(("cd %s && mkdir out.jsonl.run && cd out.jsonl.run && ln -s ../mine rows && ln -s ../mine run.json && "
      .. "mkfifo log && ln -s .. pass-1 && ln -s .. hosts"):format(q(dir)))
    assert.equal(0, (run()))
    assert.equal(1, (t.shell(("cd %s/out.jsonl.run && test -h pass-1 -o -h hosts"):format(q(dir)))))
    assert.equal("mine\n", t.read(dir .. "/mine"))
    assert.is_true(t.read(dir .. "/out.jsonl") == corpus)
  end)
  it("leaves what others have put into its directory", function()
    prepare("out.jsonl", "")
    for _, words in ipairs { "", "--force" } do
      os.execute(("cd %s && mkdir -p out.jsonl.run && cd out.jsonl.run && touch mine .hidden 00001 12345.rows rows.new")
        :format(q(dir)))
      assert.equal(0, (run(words)))
      local _, names = t.shell(("cd %s/out.jsonl.run && ls -A"):format(q(dir)))
      assert.equal(".hidden 00001 inputs journal ledger.jsonl lock log mine plan.json rejects.jsonl run.json ",
        (names:gsub("\n", " ")))
    end
  end)
  it("that could not name its output in the end is refused", function()
    local other = t.shell("test -d /dev/shm && [ $(stat -c %d /dev/shm) != $(stat -c %d " .. q(dir) .. ") ]") == 0
    if not other then return pending(t.excuse "needs a second file system") end
    local _, far = t.shell "mktemp -d /dev/shm/dmhost-test.XXXXXX"
    far = far:gsub("\n", "")
    finally(function() os.execute("rm -r " .. q(far)) end)
    os.execute(("ln -s %s %s/out.jsonl.run"):format(q(far), q(dir)))
    prepare("out.jsonl", "")
    local status, _, err = run()
    assert.equal(2, status)
    assert.equal(([[
dmhost: %s/out.jsonl.run is on another file system than the output: complete files could not be renamed
  next    remove it, or choose another output with -o
]]):format(dir), err)
  end)
  it("waits for the lock of a run that is just ending", function()
    prepare("out.jsonl", "")
    os.execute(("mkdir %s/out.jsonl.run"):format(q(dir)))
    local status = t.bash(([[cd %s
      flock out.jsonl.run/lock bash -c 'touch held; until [ -e go ]; do sleep 0.01; done' &
      await test -e held
      %s run pipeline.lua -q & pid=$!
      await eval 'ls -l /proc/$pid/fd | grep /lock'
      touch go; wait $pid]]):format(q(dir), q(t.DMHOST)))
    assert.equal(0, status)
  end)
  it("--force leaves no file of a larger run in a folder", function()
    prepare("out/", "", "shard_size = 100000")
    assert.equal(0, (run()))
    prepare("out/", "", "shard_size = 300000")
    assert.equal(0, (run "--force"))
    local _, whole = t.shell(("cat %s/out/*.jsonl"):format(q(dir)))
    assert.is_true(whole == corpus)
  end)
end)
