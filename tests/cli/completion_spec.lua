-- Completion, in the shells themselves. zsh and fish are asked where they are installed.
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
    assert.same({ ["two words.lua"] = true }, bash("check", "tw"))
  end)

  local function has(shell)
    return os.execute("command -v " .. shell .. " >/dev/null") == 0
  end

  it("in fish", function()
    if not has "fish" then return pending "fish is not installed" end
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
  end)

  it("in zsh", function()
    if not has "zsh" then return pending "zsh is not installed" end
    -- What the script hands to zsh's own functions.
    t.write(dir .. "/ask.zsh", [[
      autoload -U compinit; compinit -u -D; source ./c.zsh
      compadd() { print -r -- "compadd $@"; }
      _describe() { print -r -- "${(@P)2}"; }
      _arguments() { print -rl -- "$@"; eval "${${(M)@:#*:argument:*}##*:}"; }
      _files() { print -r -- "files $@"; }
      words=(dmhost "$@"); CURRENT=$#words; _dmhost]])
    local function zsh(...)
      local words = { ... }
      for i, word in ipairs(words) do words[i] = q(word) end
      local status, out, err = t.shell(("cd %s && zsh -f ask.zsh %s"):format(q(dir), table.concat(words, " ")))
      assert.equal(0, status, err)
      assert.equal("", err)
      return out
    end
    assert.truthy(zsh(""):find("run:run a pipeline", 1, true))
    assert.truthy(zsh("run", "--dry"):find("\n--dry-run[check", 1, true))
    assert.truthy(zsh("run", "--dry"):find("(-o --output)-o[output instead", 1, true))
    assert.truthy(zsh("run", ""):find("files -g *.lua", 1, true))
    assert.truthy(zsh("ops", ""):find("\ncompadd .* text_length_filter "))
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
  end)
end)
