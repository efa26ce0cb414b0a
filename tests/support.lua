-- What specs of the command line share: running dmhost as a process, scratch folders, corpora of odd rows.
local ffi = require "ffi"
local wait = require "dm.wait"

local M = {}

ffi.cdef [[
int setenv(const char *name, const char *value, int overwrite);
char *mkdtemp(char *template);
int mkfifo(const char *path, unsigned mode);
]]

---The first line that a shell command prints.
---@param command string
---@return string
function M.first_line(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "*l"
  pipe:close()
  return line
end

M.DMHOST = M.first_line("realpath " .. (os.getenv "DMHOST" or "build/dmhost"))

---@param text string
---@return string quoted for the shell
function M.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---@param path string
---@return string? content
function M.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

---@param path string
---@param text string
function M.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  return path
end

---A new empty folder; removed by M.clean.
---@return string path
function M.scratch()
  local base = os.getenv "TMPDIR" or "/tmp"
  local template = base .. "/dmhost-test.XXXXXX"
  local path = ffi.new("char[?]", #template + 1, template)
  assert(ffi.C.mkdtemp(path) ~= nil, "cannot make a folder in " .. base)
  path = ffi.string(path)
  M.folders = M.folders or {}
  table.insert(M.folders, path)
  return path
end

---Removes the scratch folders.
function M.clean()
  if not M.folders then return end
  os.execute("rm -rf '" .. table.concat(M.folders, "' '") .. "'")
  M.folders = nil
end

---Runs a shell command.
---@param command string
---@return integer exit status
---@return string stdout
---@return string stderr
function M.shell(command)
  local out, err = os.tmpname(), os.tmpname()
  local status = os.execute(("{ %s\n} >%s 2>%s"):format(command, out, err))
  local o, e = M.read(out), M.read(err)
  os.remove(out)
  os.remove(err)
  return math.floor(status / 256), o, e
end

-- await COMMAND...: until it succeeds. A script whose condition does not come true in a minute ends with status 99.
-- nap SECONDS: sleep without a process; a fifo that is open for writing, too, never has anything to read.
local PRELUDE = [[nap() { read -rt "$1" <>%s || [ $? -gt 128 ]; }
await() {
  local i
  for i in {1..3000}; do "$@" >/dev/null 2>&1 && return; nap 0.02; done
  echo "did not come true: $*" >&2; kill -9 $(jobs -p) 2>/dev/null; exit 99; }
]]

---Runs a script of bash, which has what sh lacks: RANDOM, pipefail; and our await, for what has to have happened.
---@param script string
---@return integer, string, string exit status, stdout, stderr
function M.bash(script)
  local fifo = os.tmpname()
  os.remove(fifo)
  assert(ffi.C.mkfifo(fifo, 384) == 0, fifo)
  local status, out, err = M.shell("exec bash -c " .. M.quote(PRELUDE:format(fifo) .. script))
  os.remove(fifo)
  return status, out, err
end

---Waits until something is there, a minute at most.
---@generic T
---@param what string for the message when it does not come
---@param ready fun(): T? true, or what was waited for
---@param told (fun(): string?)? what else that message is to tell
---@return T
function M.wait_for(what, ready, told)
  local deadline = os.time() + 60
  repeat
    local value = ready()
    if value then return value end
    wait.sleep(10)
  until os.time() > deadline
  error(("%s does not come: %s"):format(what, told and told() or ""), 2)
end

---Why a test can not be had on this machine, for pending(); with DM_NO_SKIP that is no excuse, and raised.
---@param why string
---@return string why
function M.excuse(why)
  if (os.getenv "DM_NO_SKIP" or "") ~= "" then error(why .. ", and DM_NO_SKIP is set", 0) end
  return why
end

---Whether a process of the system is there and no zombie.
---@param pid integer|string
---@return boolean
function M.lives(pid)
  local stat = M.read("/proc/" .. pid .. "/stat")
  return stat ~= nil and not stat:find "%) [ZX]"
end

---Ends processes; raises when there are none.
---@param signal string|integer
---@param pids string words of the shell that say which
function M.kill(signal, pids)
  assert(os.execute(("kill -%s %s"):format(signal, pids)) == 0, "kill hit nobody: " .. pids)
end

-- Replies of models are not shared with the user's runs, nor with earlier runs of the tests.
ffi.C.setenv("XDG_CACHE_HOME", M.scratch(), 1)

---Runs dmhost with shell words.
---@param words string already quoted
---@return integer, string, string exit status, stdout, stderr
function M.dmhost(words)
  return M.shell(M.DMHOST .. " " .. words)
end

---Writes a pipeline file that returns dm.pipeline of this table body.
---@param folder string
---@param body string
---@return string path
function M.pipeline(folder, body)
  return M.write(folder .. "/pipeline.lua", 'local dm = require "dm"\nreturn dm.pipeline {\n' .. body .. "\n}\n")
end

---An operator, as text, whose rows wait where a condition on a sample `s` holds, until there is a file: so that
---something can happen to a run meanwhile, however slow the machine is.
---@param where string Lua
---@param path string
---@return string
function M.waits(where, path)
  return ([[(function()
    local open
    return dm.map(function(s)
      while not open and %s do
        open = io.open(%q)
        if not open then require("ffi").C.dm_pause(10) end
      end
      s.waited = true
    end)
  end)()]]):format(where, path)
end

-- Texts with what goes wrong elsewhere: escapes, other scripts, control characters, surrogate pairs.
local TEXTS = {
  [["plain words of some length, and more of them"]],
  [["with \"quotes\", a \\ backslash and a\ttab"]],
  [["数据清洗变得越来越重要。"]],
  [["\u6570\u636e \ud83d\ude00 escaped"]],
  [["😀 emoji, naïve café, NUL \u0000 inside"]],
  [[""]],
  [["line one\nline two\r\nline three"]],
}

---A corpus of n rows, each on a line of its own; rows differ in length from tens to thousands of bytes.
---@param n integer
---@param seed integer?
---@return string
function M.corpus(n, seed)
  local rows, x = {}, seed or 1
  for i = 1, n do
    x = (x * 1103515245 + 12345) % 2147483648
    local text = TEXTS[x % #TEXTS + 1]
    local fill = ("word%d "):format(i):rep(x % 97 == 0 and 300 or x % 17)
    rows[i] = ('{"id": %d, "n": 1.50, "text": %s, "fill":"%s", "meta": {"lang":"%s", "big": 12345678901234567890}}')
      :format(i, text, fill, i % 3 == 0 and "zh-CN" or "en")
  end
  return table.concat(rows, "\n") .. "\n"
end

---Lines of a text, without their newlines.
---@param text string
---@return string[]
function M.lines(text)
  local list = {}
  for line in text:gmatch "([^\n]*)\n" do list[#list + 1] = line end
  return list
end

---The JSON documents of a file, one a line.
---@param path string
---@return table[]
function M.json_lines(path)
  local cjson, list = require "cjson", {}
  for _, line in ipairs(M.lines(M.read(path) or "")) do list[#list + 1] = cjson.decode(line) end
  return list
end

---The receipt of a run.
---@param folder string run directory
---@return table
function M.receipt(folder)
  return require("cjson").decode(M.read(folder .. "/run.json"))
end

---The remainders of single bytes.
local function crc64_table()
  local list = require("ffi").new "uint64_t[256]"
  for i = 0, 255 do
    local crc = 0ULL + i
    for _ = 1, 8 do
      crc = bit.bxor(bit.rshift(crc, 1), bit.band(crc, 1) == 1 and 0xC96C5795D7870F42ULL or 0ULL)
    end
    list[i] = crc
  end
  return list
end

---CRC-64/XZ, byte by byte.
---@param text string
---@return string sixteen hexadecimal digits
function M.crc64(text)
  M.crc64_table = M.crc64_table or crc64_table()
  local list, bytes, crc = M.crc64_table, require("ffi").cast("const uint8_t *", text), bit.bnot(0ULL)
  for i = 0, #text - 1 do
    crc = bit.bxor(list[tonumber(bit.band(bit.bxor(crc, bytes[i]), 255))], bit.rshift(crc, 8))
  end
  return bit.tohex(bit.bnot(crc), 16)
end

return M
