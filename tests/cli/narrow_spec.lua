-- On a narrow terminal lines are broken between words, below where they began, and tables have the columns that fit.
local t = require "tests.support"
local columns = require("dm.trace.paint").columns

local q = t.quote

describe("on a terminal of few columns", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", '{"text":"a row"}\n{"text":"another row"}\n')
    t.pipeline(dir, [[input = "in.jsonl", output = "out.jsonl",
      operators = { { "whitespace_normalization_mapper" }, { "text_length_filter", min_len = 8 } }]])
  end)
  after_each(t.clean)

  ---What was written to a terminal, each line as it is; progress is one each time that it is told.
  local function lines_of(text)
    return (text:gsub("\r\n", "\n"):gsub("\r", "\n"):gsub("\27%[K", ""))
  end

  ---What a command writes to a terminal.
  local function terminal(width, words)
    local _, out = t.shell(("cd %s && NO_COLOR=1 script -qec %s /dev/null </dev/null"):format(q(dir),
      q(("stty cols %d; %s %s"):format(width, q(t.DMHOST), words))))
    return lines_of(out)
  end

  local function fits(width, text)
    for _, line in ipairs(t.lines(text)) do assert.is_true(columns(line) <= width, line .. "\n" .. text) end
    return text
  end

  it("help is read without a word that is broken", function()
    local text = fits(40, terminal(40, "help"))
    assert.truthy(text:find("\n  dev         see what every save of an\n" .. (" "):rep(14) .. "operator changes\n"))
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do fits(40, terminal(40, "help " .. name)) end
    text = terminal(40, "help run")
    assert.truthy(text:find("\n      --dry-run\n      check everything, show the plan,", 1, true), text)
  end)
  it("chapters of the manual are, too, but for their listings", function()
    local text = terminal(40, "help errors")
    local prose = text:match "^[^\n]*\n\n(.-\n)\n    "
    assert.equal("An error says what is wrong and why,", t.lines(fits(40, prose))[1])
    assert.equal(select(2, t.dmhost "help errors"):gsub("%s+", " "), (text:gsub("%s+", " ")))
  end)
  it("errors say what to do below where they begin to", function()
    assert.equal([[
dmhost: cannot read the pipeline
        nowhere.lua: No such file or
        directory
  next    a pipeline is a Lua file:
          dmhost run PIPELINE.lua, or -e
          'return dm.pipeline{ ... }'
]], terminal(40, "run nowhere.lua"))
  end)
  it("the closing table has the columns that are missed most", function()
    local text = terminal(80, "run pipeline.lua -j 1")
    assert.truthy(fits(80, text):find("\noperator +rows in rows out changed dropped rejected time\n"), text)
    text = terminal(40, "run pipeline.lua -j 1 --force")
    assert.truthy(text:find("\noperator +rows out dropped\n"), text)
    assert.truthy(fits(40, text):find("\nwhitespace_normaliza... +2 +0\n"), text)
    assert.truthy(text:find("\n    1 below min_len 8\n", 1, true), text)
  end)
  it("progress is one line, as far as it fits", function()
    t.pipeline(dir, ('input = "in.jsonl", output = "out.jsonl", operators = { %s }'):format(
      t.waits("true", dir .. "/go")))
    for width, begins in pairs { [40] = "\n +%d+ %%  %d rows  ", [120] = "\n%[[#.]+%] +%d+ %%  %d rows  " } do
      local status, _, err = t.bash(([[cd %s; rm -f go told
        NO_COLOR=1 script -qefc "stty cols %d; %s run pipeline.lua -j 1 --force" told </dev/null >/dev/null &
        await grep 'rows/s' told
        touch go; wait $!]]):format(q(dir), width, t.DMHOST))
      assert.equal(0, status, err)
      local text = lines_of((t.read(dir .. "/told"):gsub("%f[^%z\n]Script [^\n]*", "")))
      assert.truthy(fits(width, text):find(begins), text)
    end
  end)
  it("the profile's and an operator's are read", function()
    assert.truthy(terminal(64, "profile pipeline.lua"):find "\noperator +time +a row rows in\n")
    fits(40, terminal(40, "ops text_length_filter"))
    local to_paste = "\n  apt install [^\n]*" -- stays one line
    fits(40, (terminal(40, "doctor"):gsub(to_paste, "")))
  end)
end)
