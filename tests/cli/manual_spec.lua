-- The manual, README.md and the chapters in lua/help/: every Lua listing is run, `dmhost help TOPIC` shows the
-- chapters, and what they name is there.
local help = require "dm.cli.help"
local t = require "tests.support"
local utf8_length = require("dm.text").length

local q = t.quote

local ROW = '{"id":1,"text":"Quiet words, many of them: enough of them to be more than one hundred characters long, '
  .. 'which is how long a text has to be","tags":["a"],"doc":{"text":"long enough"}}\n'

---The pages: their paths and texts.
local pages = { ["README.md"] = t.read "README.md" }
for _, path in ipairs(t.lines(select(2, t.shell "ls lua/help/*.md"))) do pages[path] = t.read(path) end

---The listings, by what they are.
local function listings()
  local list = { pipeline = {}, operator = {}, script = {} }
  for _, page in pairs(pages) do
    for text in page:gmatch "\n```lua\n(.-)```" do
      local kind = text:find("return dm.pipeline", 1, true) and "pipeline"
        or text:find(":extend", 1, true) and "operator" or "script"
      table.insert(list[kind], text)
    end
  end
  return list
end

describe("the manual", function()
  local dir
  before_each(function() dir = t.scratch() end)
  after_each(t.clean)

  ---The files that a pipeline's input names.
  local function make_inputs(text)
    for pattern in text:match("input = ([^\n]+)"):gmatch '"([^"]+)"' do
      local path = dir .. "/" .. pattern:gsub("%*", "x"):gsub("/$", "/x.jsonl")
      local plain = path:gsub("%.zst$", ""):gsub("%.gz$", "")
      os.execute("mkdir -p " .. q(path:match "^(.*)/"))
      t.write(plain, ROW)
      if path:find "%.zst$" then t.shell("zstd -q --rm " .. q(plain)) end
      if path:find "%.gz$" then t.shell("gzip " .. q(plain)) end
    end
  end

  it("has pipelines that run", function()
    local list = listings().pipeline
    assert.is_true(#list >= 2)
    for _, text in ipairs(list) do
      make_inputs(text)
      t.write(dir .. "/p.lua", text)
      local status, _, err = t.shell(("cd %s && %s run p.lua -j 1 --force"):format(q(dir), q(t.DMHOST)))
      assert.equal(0, status, err)
      assert.truthy(err:find "[^0], 0 dropped, 0 rejected" or err:find ("2 out", 1, true), err)
    end
  end)
  it("says keys of pipelines as a pipeline takes them", function()
    local list = {}
    local function add(text)
      local key = text:match "^(%l+) = " or ""
      if ("input output engine limits"):find(key, 1, true) and key ~= "" then list[#list + 1] = text end
    end
    for _, page in pairs(pages) do
      local prose = page:gsub("\n```.-\n```", "")
      for text in prose:gmatch "\n    ([^\n]+)" do add(text) end
      for text in prose:gmatch "`([^`\n]+)`" do add(text) end
    end
    assert.is_true(#list >= 5)
    for _, text in ipairs(list) do
      make_inputs(text:find "^input" and text or 'input = "in.jsonl"')
      t.pipeline(dir, 'input = "in.jsonl", output = "out/", operators = {},\n' .. text)
      local workers = text:find "^engine" and "--workers 8" or ""
      local status, _, err = t.shell(("cd %s && %s run pipeline.lua --dry-run %s"):format(q(dir), q(t.DMHOST), workers))
      assert.equal(0, status, text .. "\n" .. err)
    end
  end)
  it("has operators whose examples hold", function()
    local list = listings().operator
    assert.is_true(#list >= 3)
    for i, text in ipairs(list) do
      local path = t.write(("%s/op%d.lua"):format(dir, i), text)
      local class = assert(loadstring(text, "@" .. path))()
      assert.is_true(#class.examples > 0)
      local status, out, err = t.dmhost("test " .. q(path))
      assert.equal(0, status, out .. err)
    end
  end)
  it("has scripts that run", function()
    local list = listings().script
    assert.is_true(#list >= 1)
    for _, text in ipairs(list) do
      local status, _, err = t.dmhost("lua " .. q(t.write(dir .. "/s.lua", text)))
      assert.equal(0, status, err)
    end
  end)
  it("names every command where it lists them", function()
    local chapter = help.chapter "running"
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do
      assert.truthy(chapter:find("dmhost " .. name, 1, true) or name == "version", name)
    end
  end)
  it("has a chapter for each topic of dmhost help, and no other", function()
    local names = {}
    for _, topic in ipairs(help.TOPICS) do
      local path = ("lua/help/%s.md"):format(topic[1])
      local status, out = t.dmhost("help " .. topic[1])
      assert.equal(0, status)
      assert.equal(pages[path], out)
      assert.truthy(pages["README.md"]:find(("[%s](%s)"):format(topic[1], path), 1, true), path)
      names[path] = true
    end
    for path in pairs(pages) do assert.is_true(names[path] or path == "README.md", path) end
  end)
  it("begins each page with its name, and fits 120 columns but for tables", function()
    for path, page in pairs(pages) do
      assert.truthy(page:find "^# [^\n]+\n\n", path)
      for line in page:gmatch "[^\n]+" do
        assert.is_true(utf8_length(line) <= 120 or line:find "^|" ~= nil, path .. ": " .. line)
      end
    end
  end)
  it("has links that lead to files", function()
    for path, page in pairs(pages) do
      local folder, count = path:match "^(.*/)[^/]*$" or "", 0
      for link in page:gmatch "%]%(([^)\n]+)%)" do
        local _, found = t.shell("ls -d " .. q(folder .. link))
        assert.truthy(#found > 0, path .. " links to " .. link)
        count = count + 1
      end
      assert.is_true(count > 0 or path ~= "README.md")
    end
  end)
end)

describe("dmhost help", function()
  it("lists all commands and topics", function()
    local status, out = t.dmhost "help"
    assert.equal(0, status)
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do
      assert.truthy(out:find("\n  " .. name .. " ", 1, true), name)
    end
    assert.equal(out, select(2, t.dmhost "--help"))
    assert.equal(out, select(2, t.dmhost "-h"))
  end)
  it("shows each command as its --help does", function()
    for _, name in ipairs(require("dm.cli.main").COMMANDS) do
      local status, out = t.dmhost("help " .. name)
      assert.equal(0, status)
      assert.truthy(out:find("^usage: dmhost " .. name), out)
      assert.equal(out, select(2, t.dmhost(name .. " --help")))
      assert.equal(out, select(2, t.dmhost(name .. " -h")))
      for _, option in ipairs(require("dm.cli." .. name).options) do
        assert.truthy(out:find("--" .. option[1], 1, true))
      end
      for line in out:gmatch "[^\n]+" do assert.is_true(utf8_length(line) <= 120, line) end
    end
  end)
  it("survives a reader that goes away", function()
    local status, out = t.bash(t.DMHOST .. " help | head -n 1; exit ${PIPESTATUS[0]}")
    assert.equal("usage: dmhost COMMAND [OPTIONS] [ARGUMENTS]\n", out)
    assert.equal(0, status)
  end)
end)
