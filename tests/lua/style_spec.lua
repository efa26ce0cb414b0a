-- The repository's own rules, checked on its files.
local t = require "tests.support"

local function files(pattern)
  local _, list = t.shell("git ls-files --cached --others --exclude-standard -- " .. pattern)
  return t.lines(list)
end

local function each(pattern, check)
  local count = 0
  for _, path in ipairs(files(pattern)) do
    local text = t.read(path)
    if text then
      count = count + 1
      check(path, text)
    end
  end
  assert.is_true(count > 0, "no file matches " .. pattern)
end

describe("the repository", function()
  it("has no C or Lua file over 500 lines, tables aside", function()
    each("'host/*.[ch]' 'lua/*.lua' 'ops/*.lua'", function(path, text)
      local _, lines = text:gsub("\n", "")
      if not path:find "_table%.h$" then assert.is_true(lines <= 500, path .. " has " .. lines) end
    end)
  end)

  it("has no function over 60 lines", function()
    each("'host/*.c'", function(path, text)
      local start, n
      n = 0
      for line in text:gmatch "([^\n]*)\n" do
        n = n + 1
        if line == "{" then start = n end
        if line == "}" and start then
          assert.is_true(n - start <= 60, ("%s:%d: %d lines"):format(path, start, n - start))
          start = nil
        end
      end
    end)
  end)

  it("calls no function that is unsafe or that we ban", function()
    local banned = { "strcpy", "strcat", "sprintf", "strtok", "atoi", "system", "fork", "alloca", "gets" }
    each("'host/*.c'", function(path, text)
      for _, name in ipairs(banned) do
        assert.is_nil(text:find("%f[%w_]" .. name .. "%("), path .. " calls " .. name)
      end
    end)
  end)

  it("asks one module how many processors there are: control groups count, too", function()
    each("'lua/*.lua' 'ops/*.lua'", function(path, text)
      assert.is_true(path == "lua/dm/machine.lua" or not text:find("dm_processors", 1, true), path)
    end)
  end)

  it("makes no FFI callbacks", function()
    each("'lua/*.lua' 'ops/*.lua'", function(path, text)
      assert.is_nil(text:find "ffi%.cast%b()%s*%(%s*function", path)
      assert.is_nil(text:find 'ffi%.cast%s*%(%s*"[^"]*%(%*', path)
    end)
  end)

  it("knows each library in one module only", function()
    local homes = {
      ["lauxlib.h"] = "^host/lua/state%.c$",
      ["isa-l/"] = "^host/io/",
      ["pcre2.h"] = "^host/text/",
      ["curl/"] = "^host/net/",
      ["microhttpd.h"] = "^host/serve/",
      ["libpq-fe.h"] = "^host/database/",
      ["sqlite3.h"] = "^host/io/sqlite%.h$",
      ["nettle/"] = "^host/base/nettle%.h$",
      ["dlfcn.h"] = "^host/base/library%.c$",
    }
    each("'host/*.[ch]'", function(path, text)
      for header, home in pairs(homes) do
        local ours = path ~= "host/compile.c" -- a program of its own
        if ours and text:find("#include <" .. header, 1, true) then assert.truthy(path:find(home), path) end
      end
    end)
    each("'lua/*.lua' 'ops/*.lua'", function(path, text)
      if text:find 'require%s*%(?"cjson' then
        assert.is_true(path == "lua/dm/json.lua" or path == "lua/dm/cli/doctor.lua", path)
      end
    end)
  end)

  it("says at the head of every header and Lua file what it is for", function()
    each("'host/*.h'", function(path, text) assert.truthy(text:find "^/%*", path) end)
    each("'lua/*.lua' 'ops/*.lua' 'examples/*.lua'", function(path, text) assert.truthy(text:find "^%-%-", path) end)
  end)

  it("has an up-to-date catalogue of operators", function()
    local _, markdown = t.dmhost "ops --markdown"
    assert.is_true(t.read "ops/README.md" == markdown, "ops/README.md is out of date: make ops/README.md")
  end)

  it("holds no unfinished marks", function()
    each("'host/*' 'lua/*' 'ops/*' 'examples/*'", function(path, text)
      local marked = text:find("TO" .. "DO", 1, true) or text:find("FIX" .. "ME", 1, true)
      assert.is_true(not marked or path:find "_table%.h$" ~= nil, path)
    end)
  end)
end)
