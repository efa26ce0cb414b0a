-- What a user reads after each of many mistakes, to the letter. A case is a file in tests/cli/errors/:
--     # the mistake
--     $ shell commands; dmhost is the binary
--     === NAME        a file that they find
--     === stderr N    what they print on stderr, and the last one's exit status
-- in.jsonl is there unless a case brings its own. UPDATE=1 writes what is printed into the cases, to be read before
-- it is committed.
local t = require "tests.support"

local FOLDER = "tests/cli/errors/"

local INPUT = '{"id":1,"text":"one"}\n{"id":2,"text":"two"}\n'

---@param path string
local function read_case(path)
  local case = { path = path, commands = {}, files = { ["in.jsonl"] = INPUT } }
  local file, lines
  for line in t.read(path):gmatch "([^\n]*)\n" do
    local name = line:match "^=== (.+)$"
    if name then
      file, lines = name, {}
      case.files[file] = lines
    elseif file then
      lines[#lines + 1] = line .. "\n"
    elseif line:sub(1, 2) == "$ " then
      case.commands[#case.commands + 1] = line:sub(3)
    else
      case.title = case.title or line:gsub("^# ", "")
    end
  end
  for key, content in pairs(case.files) do
    if type(content) == "table" then case.files[key] = table.concat(content) end
  end
  for key, content in pairs(case.files) do
    local status = key:match "^stderr (%d+)$"
    if status then case.status, case.stderr, case.files[key] = tonumber(status), content, nil end
  end
  return case
end

---What differs from run to run.
local function normal(text, dir)
  text = text:gsub(t.DMHOST:gsub("%p", "%%%0"), "dmhost"):gsub(dir:gsub("%p", "%%%0"), "DIR")
  text = text:gsub("dmhost%-%d+T%d+%-%d+", "dmhost-TIME-PID")
  return (text:gsub("[%d.]+ [kMG]?B in [%d.]+ s: [%d.]+ MB/s, [%d,]+ rows/s", "N B in N s: N MB/s, N rows/s"))
end

-- Root may read and write everything, unless it gives that up.
local HEAD = [[cd %s; export DMHOST=%s
dmhost() { $DMHOST "$@"; }
unprivileged() {
  shift
  $([ $(id -u) = 0 ] && echo setpriv --bounding-set -dac_override,-dac_read_search) $DMHOST "$@"
}
]]

local function run(case)
  local dir = t.scratch()
  for name, content in pairs(case.files) do
    if name:find "/" then os.execute("mkdir -p " .. t.quote(dir .. "/" .. name:match "^(.*)/")) end
    t.write(dir .. "/" .. name, content)
  end
  local script = HEAD:format(t.quote(dir), t.quote(t.DMHOST)) .. table.concat(case.commands, "\n")
  local status, _, err = t.bash(script)
  return status, normal(err, dir)
end

local function update(case, status, err)
  local text = t.read(case.path):gsub("=== stderr %d+\n.*$", "")
  t.write(case.path, ("%s=== stderr %d\n%s"):format(text, status, err))
end

describe("after a mistake dmhost says", function()
  after_each(t.clean)
  local _, names = t.shell("ls " .. FOLDER)
  local titles = {}
  for _, name in ipairs(t.lines(names)) do
    local case = read_case(FOLDER .. name)
    it(("what to do: %s (%s)"):format(case.title, name), function()
      assert.is_nil(titles[case.title])
      titles[case.title] = true
      local status, err = run(case)
      if os.getenv "UPDATE" then return update(case, status, err) end
      assert.equal(case.stderr, err)
      assert.equal(case.status, status)
      assert.is_nil(err:find("stack traceback", 1, true))
    end)
  end
  it("so for forty mistakes at least", function()
    assert.is_true(#t.lines(names) >= 40)
  end)
end)
