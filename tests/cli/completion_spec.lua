-- Completion, in the shells themselves.
local t = require "tests.support"

local q = t.quote

describe("dmhost completion", function()
  local dir
  before_each(function()
    dir = t.scratch()
    os.execute("mkdir " .. q(dir .. "/folder"))
    for _, name in ipairs { "clean.lua", "two words.lua", "data.jsonl" } do t.write(dir .. "/" .. name, "") end
    for _, shell in ipairs { "bash", "zsh", "fish" } do
      t.write(dir .. "/c." .. shell, select(2, t.dmhost("completion " .. shell)))
    end
  end)
  after_each(t.clean)

  local function set(text)
    local words = {}
    for _, line in ipairs(t.lines(text)) do words[line] = true end
    return words
  end

  ---What bash offers for the last of these words.
  local function bash(...)
    local words, quoted = { "dmhost", ... }, {}
    for i, word in ipairs(words) do quoted[i] = q(word) end
    local status, out, err = t.bash(([[cd %s; source ./c.bash
      COMP_WORDS=(%s); COMP_CWORD=%d; _dmhost; printf '%%s\n' "${COMPREPLY[@]}"]]):format(q(dir),
      table.concat(quoted, " "), #words - 1))
    assert.equal("", err)
    assert.equal(0, status)
    return set(out)
  end

  it("in bash: commands, options, values, operators, topics, files", function()
    local offered = bash ""
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do assert.is_true(offered[name], name) end
    assert.same({ run = true }, bash "ru")
    assert.same({ ["--sample"] = true, ["--set"] = true, ["--slots"] = true }, bash("run", "--s"))
    assert.same({ json = true }, bash("run", "--log-format", "j"))
    assert.same({ json = true }, bash("run", "--log-format", "=", "j"))
    assert.same({ text = true, json = true }, bash("run", "--log-format", "="))
    assert.same({ ["clean.lua"] = true }, bash("run", "c"))
    assert.same({ ["clean.lua"] = true, ["two words.lua"] = true, folder = true, ["c.bash"] = nil }, bash("run", ""))
    assert.same({ ["data.jsonl"] = true }, bash("run", "-i", "d"))
    assert.same({ folder = true }, bash("run", "--ops", ""))
    assert.same({ [""] = true }, bash("run", "-j", ""))
    assert.same({ text_length_filter = true }, bash("ops", "text_l"))
    assert.same({ operators = true }, bash("help", "ope"))
    assert.same({ zsh = true }, bash("completion", "z"))
    assert.same({ slicer = true }, bash("new", "sl"))
    assert.same({ stats = true }, bash("cache", "st"))
    assert.same({ ["two words.lua"] = true }, bash("check", "tw"))
  end)

  it("in fish", function()
    local function fish(line)
      local status, out, err = t.shell(("cd %s && HOME=$PWD fish -c 'source c.fish; complete -C %q'"):format(q(dir),
        line))
      assert.equal(0, status, err)
      return set((out:gsub("\t[^\n]*", "")))
    end
    assert.same({ run = true }, fish "dmhost ru")
    assert.is_true(fish "dmhost run --s"["--sample"])
    assert.is_true(fish "dmhost run c"["clean.lua"])
    assert.same({ json = true }, fish "dmhost run --log-format j")
    assert.same({ text_length_filter = true }, fish "dmhost ops text_l")
    assert.is_true(fish "dmhost new sl".slicer)
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do
      local offered = fish("dmhost " .. name .. " --")
      for _, option in ipairs(require("dm.cli." .. name).options) do assert.is_true(offered["--" .. option[1]]) end
    end
  end)

  describe("in zsh,", function()
    local socket
    before_each(function()
      socket = t.scratch() .. "/tmux"
      -- promptsp leaves a line that was interrupted on the screen, and a prompt below it without its "$"
      t.write(dir .. "/.zshrc", "unsetopt promptsp; PS1='$ '; LISTMAX=500; autoload -U compinit; compinit -u -D; "
        .. "source ./c.zsh\n")
      t.shell(("cd %s && ZDOTDIR=$PWD tmux -S %s -f /dev/null new-session -d -x 200 -y 60 -s s zsh -i"):format(q(dir),
        q(socket)))
    end)
    after_each(function() os.execute(("tmux -S %s kill-server"):format(q(socket))) end)

    ---The screen, when it shows what is waited for.
    local function wait(pattern)
      local screen
      return t.wait_for(("%q"):format(pattern), function()
        screen = select(2, t.shell(("tmux -S %s capture-pane -p -t s"):format(q(socket))))
        return screen:find(pattern) and screen
      end, function() return screen end)
    end

    ---What it makes of a line and Tab on an empty screen, once that shows the pattern.
    local function zsh(line, pattern)
      t.shell(("tmux -S %s send-keys -t s C-u C-l %s Tab"):format(q(socket), q(line)))
      return wait(pattern)
    end

    it("words of every kind", function()
      wait "^%$"
      zsh("dmhost ru", "%$ dmhost run\n")
      zsh("dmhost run --dr", "%$ dmhost run %-%-dry%-run\n")
      zsh("dmhost run c", "%$ dmhost run clean%.lua\n")
      zsh("dmhost run --log-format j", "%$ dmhost run %-%-log%-format json\n")
      zsh("dmhost run -i da", "%$ dmhost run %-i data%.jsonl\n")
      zsh("dmhost ops text_l", "%$ dmhost ops text_length_filter\n")
      zsh("dmhost help ope", "%$ dmhost help operators\n")
      zsh("dmhost new sl", "%$ dmhost new slicer\n")
    end)
    it("the options of every command", function()
      wait "^%$"
      for _, name in ipairs(require("dm.cli.main").COMMANDS) do
        local screen = zsh("dmhost " .. name .. " -", "%$ dmhost " .. name
          .. " %-[^\n]*\n.*%-%-help *%-h  *%-%- ") -- not that of the command before
        for _, option in ipairs(require("dm.cli." .. name).options) do
          screen = wait("%-%-" .. option[1]:gsub("%p", "%%%0") .. "%f[^%w-]") -- the list comes bit by bit
        end
        assert.is_nil(screen:find("_arguments", 1, true), screen)
      end
    end)
  end)

  it("says what shells there are", function()
    local status, out, err = t.dmhost "completion"
    assert.equal(2, status)
    assert.equal("", out)
    assert.truthy(err:find("bash, zsh, fish", 1, true))
    assert.equal(2, (t.dmhost "completion fihs"))
    assert.truthy(select(3, t.dmhost "completion fihs"):find('did you mean "fish"?', 1, true))
  end)

  it("is installed where shells look for it", function()
    local status, _, err = t.shell(("nice make -s install DESTDIR=%s PREFIX=/usr BUILD=%s"):format(q(dir),
      q(t.DMHOST:match "^(.*)/")))
    assert.equal(0, status, err)
    for shell, path in pairs { bash = "bash-completion/completions/dmhost", zsh = "zsh/vendor-completions/_dmhost",
      fish = "fish/vendor_completions.d/dmhost.fish" } do
      assert.equal(t.read(dir .. "/c." .. shell), t.read(dir .. "/usr/share/" .. path))
    end
    for _, path in ipairs { "LICENSE", "README.md", "examples/clean.lua", "lua/help/running.md", "ops/README.md" } do
      assert.equal(t.read(path), t.read(dir .. "/usr/share/doc/dmhost/" .. path))
    end
  end)
end)
