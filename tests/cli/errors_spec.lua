local t = require "tests.support"

local q = t.quote

describe("dmhost run refuses", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n')
  end)
  after_each(t.clean)

  local function refused(body, words, pattern, status)
    local path = t.pipeline(dir, body)
    local code, _, err = t.shell(("cd %s && %s run %s %s"):format(q(dir), q(t.DMHOST), q(path), words or ""))
    assert.equal(status or 2, code)
    assert.truthy(err:find(pattern, 1, true), err)
    assert.is_nil(err:find("stack traceback", 1, true))
  end

  it("an output that exists", function()
    t.write(dir .. "/out", "mine\n")
    refused('input = "in.jsonl", output = "out", operators = {}', "", "--force")
    assert.equal("mine\n", t.read(dir .. "/out"))
  end)
  it("an output folder that is not empty", function()
    os.execute("mkdir " .. q(dir .. "/out"))
    t.write(dir .. "/out/x", "")
    refused('input = "in.jsonl", output = "out/", operators = {}', "", "--force")
    for _, output in ipairs { "/", "//" } do
      refused(('input = "in.jsonl", output = %q, operators = {}'):format(output), "", "dmhost: / is not empty\n")
    end
  end)
  it("an output that is a pipe, a device or standard output by another name, even with --force", function()
    os.execute(("mkfifo %s/fifo && ln -s /dev/null %s/null"):format(q(dir), q(dir)))
    for _, output in ipairs { "fifo", "null", "/dev/stdout", "/dev/fd/1" } do
      refused(('input = "in.jsonl", output = %q, operators = {}'):format(output), "--force",
        output .. " is not a regular file\n  next    -o - writes to standard output")
    end
    assert.equal(0, (t.shell(("test -p %s/fifo && test -c %s/null"):format(q(dir), q(dir)))))
  end)
  it("standard input by a name that is another file in each worker", function()
    refused('input = "/dev/stdin", output = "out", operators = {}', "<in.jsonl", "standard input is read with -i -")
  end)
  it("a device as input, without the name of another", function()
    refused('input = "/dev/null", output = "out", operators = {}', "",
      "/dev/null is not a regular file\n  next    a pipe is read as standard input")
  end)
  it("input that does not exist", function()
    refused('input = "no.jsonl", output = "out", operators = {}', "", "no.jsonl")
  end)
  it("a pattern that matches nothing", function()
    refused('input = "no*.jsonl", output = "out", operators = {}', "", "no file matches")
  end)
  it("a folder without input", function()
    os.execute("mkdir " .. q(dir .. "/empty"))
    refused('input = "empty", output = "out", operators = {}', "", "holds no")
  end)
  it("a pipe as input, which can not be read by range", function()
    os.execute("mkfifo " .. q(dir .. "/fifo"))
    refused('input = "fifo", output = "out", operators = {}', "", "standard input: -i -")
  end)
  it("a symbolic link in a folder that leads nowhere", function()
    os.execute(("mkdir %s/folder && ln -s nowhere %s/folder/a.jsonl"):format(q(dir), q(dir)))
    refused('input = "folder", output = "out", operators = {}', "", "folder/a.jsonl is a symbolic link")
  end)
  it("an output for each input that would lie outside of its folder", function()
    os.execute(("mkdir %s/sub && echo '{}' > %s/sub/b.jsonl"):format(q(dir), q(dir)))
    refused('input = { "sub/../in.jsonl", "sub/b.jsonl" }, output = "o/{file}", operators = {}', "", "outside of o/")
    assert.is_nil(t.read(dir .. "/in.jsonl.run"))
  end)
  it("outputs of two inputs that would be the same, or one a folder for the other", function()
    os.execute(("mkdir %s/sub && echo '{}' | tee %s/sub/b.jsonl >%s/sub.jsonl"):format(q(dir), q(dir), q(dir)))
    refused('input = { "sub/b.jsonl", "./sub/b.jsonl" }, output = "o/{file}", operators = {}', "", "where another's")
    refused('input = { "sub/b.jsonl", "sub//b.jsonl" }, output = "o/{file}", operators = {}', "", "where another's")
    os.execute(("cd %s && mv sub sub.jsonl.out"):format(q(dir)))
    refused('input = { "sub.jsonl", "sub.jsonl.out/" }, output = "o/{file}.out", operators = {}', "",
      "the output of sub.jsonl would be a folder in which that of sub.jsonl.out/b.jsonl lies")
    refused('input = dm.mix { total = 3, { "sub.jsonl" }, { "in.jsonl" } }, output = "o/{file}", operators = {}', "",
      "files that are read more than once have no output of their own")
  end)
  it("an input in the run directory, which it would clear, or an output there", function()
    os.execute(("cd %s && mkdir out.run sub sub/.dmhost && cp in.jsonl out.run/rejects.jsonl && cp in.jsonl sub && "
      .. "cp in.jsonl sub/.dmhost/journal"):format(q(dir)))
    refused('input = "out.run/rejects.jsonl", output = "out", operators = {}', "--force", "lies in the run directory")
    refused('input = "./out.run/*.jsonl", output = "out", operators = {}', "--force", "lies in the run directory")
    assert.equal(t.read(dir .. "/in.jsonl"), t.read(dir .. "/out.run/rejects.jsonl"))
    refused('input = { "sub/in.jsonl", "sub/.dmhost/journal" }, output = "o/{file}", operators = {}', "",
      "the output of sub/.dmhost/journal would lie in the run directory, o/.dmhost")
  end)
  it("several outputs in the place of inputs, which could not be resumed", function()
    os.execute(("mkdir %s/sub && echo '{}' | tee %s/sub/b.jsonl >%s/sub/00000.jsonl"):format(q(dir), q(dir), q(dir)))
    for _, output in ipairs { "sub/{file}", "sub/", "sub/x{file}", "./sub/{file}.out.jsonl" } do
      refused(('input = "sub/", output = %q, operators = {}'):format(output), "--force",
        "sub is searched for input, and output goes there too\n  next    choose another folder with -o")
    end
    for _, output in ipairs { "sub/{file}", "./sub/{file}", "sub/" } do
      refused(('input = { "sub/b.jsonl", "sub/00000.jsonl" }, output = %q, operators = {}'):format(output), "--force",
        "l is an input and an output")
      refused(('input = "./sub/[!1-9]*.jsonl", output = %q, operators = {}'):format(output), "--force",
        "./sub/[!1-9]*.jsonl would find what is written to " .. output:gsub("/$", "") .. ", too")
    end
    refused('input = "*.jsonl", output = "x-{file}", operators = {}', "--force",
      "*.jsonl would find what is written to x-{file}, too\n  next    choose another folder with -o")
    refused('input = "*.jsonl", output = ".", operators = {}', "--force",
      "*.jsonl would find what is written to ., too")
    refused('input = "{sub,new}/*.jsonl", output = "new/", operators = {}', "",
      "{sub,new}/*.jsonl would find what is written to new, too")
    refused('input = "*/*.jsonl", output = "new/", operators = {}', "",
      "*/*.jsonl would find what is written to new, too")
    assert.equal("{}\n", t.read(dir .. "/sub/00000.jsonl"))
  end)
  it("inputs of which nothing is left but what it wrote", function()
    os.execute(("cd %s && mkdir sub && echo '{}' >sub/o.jsonl && mkdir sub/x.run && cp sub/o.jsonl sub/x.run && touch "
      .. "sub/x.run/journal"):format(q(dir)))
    for _, input in ipairs { "sub", "sub/*.jsonl", "./sub/*/*.jsonl" } do
      refused(('input = %q, output = "sub/o.jsonl", operators = {}'):format(input), "--force",
        "dmhost: there is nothing in " .. input .. " but what dmhost wrote: this run's output, or a run directory\n"
        .. "  next    choose another input with -i, or another output with -o")
    end
  end)
  it("no output beside inputs that a glob does not find", function()
    os.execute(("mkdir %s/sub && echo '{}' | tee %s/sub/b.jsonl >%s/sub/c.jsonl"):format(q(dir), q(dir), q(dir)))
    for _, output in ipairs { "sub/{file}.out", "sub/x-{file}", "sub/" } do
      for _ = 1, 2 do
        t.pipeline(dir, ('input = "sub/[bc].jsonl", output = %q, operators = {}'):format(output))
        local status, _, err = t.shell(("cd %s && %s run pipeline.lua -q --force"):format(q(dir), q(t.DMHOST)))
        assert.equal(0, status, err)
      end
    end
  end)
  it("an output for each input that would be a folder, or lie in one that is not empty", function()
    refused('input = "in.jsonl", output = "o/{file}/", operators = {}', "", 'one file for each input is "FOLDER')
    refused('input = "in.jsonl", output = "{file}.clean", operators = {}', "", "dmhost: . is not empty")
  end)
  it("keys that a pipeline does not have", function()
    refused('input = "in.jsonl", outptu = "out", operators = {}', "", 'did you mean "output"')
  end)
  it("limits that are no numbers, or beyond what can be counted", function()
    for limit, shown in pairs {
      ["row_time = math.huge"] = "row_time can not be inf",
      ["row_time = 0/0"] = "row_time can not be ",
      ["depth = 1/0"] = "depth can not be inf",
      ["depth = 1.5"] = "depth can not be 1.5",
      ['memory = "99999999999TiB"'] = 'memory can not be "99999999999TiB"',
    } do
      local body = ('input = "in.jsonl", output = "o", operators = {}, limits = { %s }'):format(limit)
      refused(body, "", "limits." .. shown)
    end
    for _, words in ipairs { "--sample nan", "--sample 0", "--max-cost nan" } do
      refused('input = "in.jsonl", output = "o", operators = {}', words, words:match "%S+")
    end
  end)
  it("limits that contradict each other", function()
    refused('input = "in.jsonl", output = "o", operators = {}, limits = { memory = "64MiB" }', "",
      "limits.memory, 64MiB, must be at least three times limits.row_size, 32MiB")
  end)
  it("values that make no sense", function()
    refused('input = "in.jsonl", output = "o", operators = {}, split_size = "much"', "", "split_size")
    refused('input = "in.jsonl", output = "o", operators = {}, on_error = "ignore"', "", "on_error")
    refused('input = "in.jsonl", output = "o", operators = {}, limits = { row_tiem = 1 }', "",
      'did you mean "row_time"')
    refused('input = "in.jsonl", output = "o"', "", "operators")
    refused('output = "o", operators = {}', "", "no input")
    refused('input = "in.jsonl", operators = {}', "", "no output")
  end)
  it("operators that do not exist", function()
    refused('input = "in.jsonl", output = "o", operators = { { "text_lenght_filter" } }', "",
      'did you mean "text_length_filter"')
  end)
  it("parameters that an operator does not have, or of a wrong type", function()
    refused('input = "in.jsonl", output = "o", operators = { { "text_length_filter", min_lenn = 1 } }', "",
      'did you mean "min_len"')
    refused('input = "in.jsonl", output = "o", operators = { { "text_length_filter", min_len = "x" } }', "",
      "must be of type")
    refused('input = "in.jsonl", output = "o", operators = {}', "--set nothing.x=1", "nothing")
  end)
  it("Lua that does not parse, with file and line", function()
    t.write(dir .. "/bad.lua", "return dm.pipeline {\n  input = = 1\n}\n")
    local code, _, err = t.shell(("cd %s && %s run bad.lua"):format(q(dir), q(t.DMHOST)))
    assert.equal(2, code)
    assert.truthy(err:find("bad.lua:2:", 1, true))
  end)
  it("in JSON, whatever goes wrong", function()
    local cjson = require "cjson"
    t.write(dir .. "/gone\255.jsonl", "{}\n")
    t.pipeline(dir, [[
      input = "gone*", output = "out", on_error = "fail",
      operators = { dm.map(function() error "no" end) }]])
    local function lines(words)
      local status, _, err = t.shell(("cd %s && %s run pipeline.lua --log-format json %s"):format(q(dir),
        q(t.DMHOST), words))
      local list = {}
      for i, line in ipairs(t.lines(err)) do list[i] = cjson.decode(line) end
      return status, list
    end
    local status, list = lines "--limit 0"
    assert.equal(2, status)
    assert.equal("error", list[1].event)
    assert.truthy(list[1].text:find("--limit", 1, true))
    status, list = lines ""
    assert.equal(1, status)
    assert.truthy(list[#list].run.error:find("no", 1, true))
    t.write(dir .. "/file", "")
    status, list = lines "-o file/out"
    assert.equal(1, status)
    assert.truthy(list[#list].run.error:find("file", 1, true))
  end)
  it("options that do not exist", function()
    local code, _, err = t.dmhost "run --worker 3 x.lua"
    assert.equal(2, code)
    assert.truthy(err:find('did you mean "--workers"', 1, true))
  end)
  it("commands that do not exist", function()
    local code, _, err = t.dmhost "rnu"
    assert.equal(2, code)
    assert.truthy(err:find('did you mean "run"', 1, true))
  end)
end)
