-- Every command, as it is met by accident: without arguments, with wrong ones, with and without a terminal, before a
-- reader that goes away, in colour and without, on a narrow terminal.
local t = require "tests.support"

local q = t.quote
local COMMANDS = require("dm.cli.main").COMMANDS

-- What a command does without arguments.
local ALONE = { run = 2, try = 2, dev = 2, check = 2, explain = 2, profile = 2, lua = 2, completion = 2, new = 2,
  init = 2, status = 2, logs = 2, cancel = 2, test = 2, cache = 2, ops = 0, doctor = 0, version = 0,
  help = 0 }

describe("dmhost", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  local function here(words)
    return t.shell(("cd %s && %s %s </dev/null"):format(q(dir), q(t.DMHOST), words))
  end

  ---What a command shows on a terminal of so many columns.
  local function terminal(words, columns, environment)
    local _, out = t.shell(("cd %s && TERM=xterm %s script -qec %s /dev/null </dev/null"):format(q(dir),
      environment or "NO_COLOR=",
      q(("stty cols %d; %s %s; echo status $?"):format(columns, q(t.DMHOST), words))))
    return out:gsub("\r\n", "\n")
  end

  it("alone shows what to do next", function()
    local status, out, err = here ""
    assert.equal(0, status)
    assert.equal("", err)
    assert.truthy(out:find("dmhost run", 1, true))
    assert.is_true(#t.lines(out) <= 14)
  end)
  for _, name in ipairs(COMMANDS) do
    if name ~= "serve" then -- which serves, until it is ended
      it(name .. " alone shows its result, or what it needs", function()
        local status, out, err = here(name)
        assert.equal(ALONE[name] or "not listed", status, err)
        assert.is_true(status == 0 or out == "")
        assert.is_true(status == 0 or err:find "^dmhost: [^\n]+\n  next " ~= nil, err)
        assert.is_nil(err:find("traceback", 1, true))
      end)
    end
    if name ~= "lua" then
      it(name .. " refuses options that it does not have", function()
        local status, out, err = here(name .. " --no-such-option")
        assert.equal(2, status)
        assert.equal("", out)
        assert.truthy(err:find('^dmhost: ' .. name .. ': unknown option "%-%-no%-such%-option"'), err)
        assert.truthy(err:find("dmhost help " .. name, 1, true))
      end)
    end
    local most = require("dm.cli." .. name).most
    if most then
      it(name .. " refuses an argument too many", function()
        local status, out, err = here(name .. (" stats"):rep(most) .. " surplus")
        assert.equal(2, status)
        assert.equal("", out)
        assert.truthy(err:find(('^dmhost: %s: the argument "surplus" is one too many\n  next    dmhost %s'):format(name,
          name)), err)
      end)
    end
    it(name .. " --help outlives its reader", function()
      assert.equal(0, (t.bash(t.DMHOST .. " " .. name .. " --help | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}")))
    end)
  end
  it("uses colour for errors on terminals only, and not with NO_COLOR", function()
    local coloured = terminal("run nowhere.lua", 80)
    assert.truthy(coloured:find("\27[1;31mdmhost: ", 1, true), coloured)
    assert.truthy(coloured:find("status 2", 1, true))
    assert.is_nil(terminal("run nowhere.lua", 80, "NO_COLOR=1"):find("\27", 1, true))
    assert.is_nil(terminal("run nowhere.lua", 80, "TERM=dumb"):find("\27", 1, true))
    assert.is_nil(select(3, here "run nowhere.lua"):find("\27", 1, true))
  end)
  it("cuts quoted lines to a narrow terminal, around the mistake", function()
    t.write(dir .. "/p.lua", "return { " .. ("a = 1, "):rep(30) .. "b = = 2, " .. ("c = 3, "):rep(30) .. "}\n")
    local out = terminal("run p.lua", 40, "NO_COLOR=1")
    local quoted, caret = out:match "\n     1 | ([^\n]*)\n       | ( *)%^"
    assert.truthy(quoted, out)
    assert.is_true(#quoted <= 32, quoted)
    assert.equal("=", quoted:sub(#caret + 1, #caret + 1))
    assert.truthy(quoted:find("= = 2", 1, true))
  end)
  it("shows chapters of the manual in bold on a terminal", function()
    assert.truthy(terminal("help samples", 80):find("\27[1mSamples\27[0m", 1, true))
    assert.is_nil(terminal("help samples", 80, "NO_COLOR=1"):find("\27", 1, true))
    assert.truthy(select(2, here "help samples"):find("^# Samples"))
  end)
  it("takes its own libraries, whatever modules lie in the working directory", function()
    for _, name in ipairs { "cjson", "yaml", "dm", "ffi", "bit" } do
      t.write(("%s/%s.lua"):format(dir, name), "error 'the module of the user'")
    end
    t.write(dir .. "/p.yaml", "process:\n  - text_length_filter: { min_len: 2 }\n")
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n{"text":"bc"}\n')
    local status, _, err = here "run p.yaml -i in.jsonl -o out.jsonl -j 1"
    assert.equal(0, status, err)
    assert.equal('{"text":"bc"}\n', t.read(dir .. "/out.jsonl"))
    for _, name in ipairs { "cjson", "yaml" } do
      local _, out = here(("lua -e 'print(pcall(require, %q))'"):format(name))
      assert.truthy(out:find("the module of the user", 1, true), out)
    end
  end)

  it("fails when what it prints does not get there, but not when the reader has gone", function()
    t.pipeline(dir, 'input = "in.jsonl", output = "out.jsonl", operators = {}')
    t.write(dir .. "/in.jsonl", '{"text":"a"}\n')
    for _, words in ipairs { "ops --markdown", "help", "completion bash", "doctor", "version", "try pipeline.lua" } do
      local status, _, err = here(words .. " >/dev/full")
      assert.equal(1, status, words)
      assert.truthy(err:find("dmhost: standard output can not be written", 1, true), err)
    end
    local _, out = t.bash(("set -o pipefail; %s ops --markdown | head -c 1 >/dev/null; echo $?"):format(q(t.DMHOST)))
    assert.equal("0\n", out)
  end)
end)
