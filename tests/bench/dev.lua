-- make bench-dev: how long `dmhost dev` takes from a save to the screen. It runs on a terminal of its own (script) over
-- 1,000 rows and five operators, one of which is saved again and again, as editors do it: in place, or by renaming a
-- new file over the old one. The clock starts before the save and stops when what it changes has been written to the
-- terminal. Prints a table.
local C = require("ffi").C
local help = require "dm.cli.help"
local json = require "dm.json"
local timing = require "tests.bench.timing"

local SAVES, ROWS, ROW_BYTES, PAUSE_MS = 50, 1000, 1000, 200

local DMHOST = timing.first_line "realpath /proc/$PPID/exe" -- the one that runs this
local folder = timing.first_line "mktemp -d"

local OPERATOR = [[
local Mapper = require("dm.base_op").Mapper
local Edited = Mapper:extend { name = "edited", summary = "Put a mark before each text." }
function Edited:execute(sample) sample.text = "%s " .. sample.text end
return Edited
]]

local PIPELINE = [[
local dm = require "dm"
return dm.pipeline { input = "in.jsonl", output = "out.jsonl", operators = {
  { "fix_unicode_mapper" }, { "whitespace_normalization_mapper" }, { "clean_links_mapper" }, { "edited" },
  { "text_length_filter", min_len = 20 } } }
]]

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

---Rows of English prose with what operators look for: the manual's.
local function rows()
  local manual, list = "", {}
  for _, topic in ipairs(help.TOPICS) do manual = manual .. help.chapter(topic[1]):gsub("[^%g \n]", "?") end
  for i = 1, ROWS do
    local at = i * 37 % (#manual - ROW_BYTES)
    list[i] = json.encode { id = i, text = manual:sub(at + 1, at + ROW_BYTES) }
  end
  return table.concat(list, "\n") .. "\n"
end

---Reads what comes to the terminal until it has a text.
local function wait(terminal, text)
  local seen = ""
  repeat
    local byte = assert(terminal:read(1), "dmhost dev has ended")
    seen = seen:sub(-200) .. byte
  until seen:find(text, 1, true)
  return C.dm_loop_now()
end

local PATH = folder .. "/ops/user/edited.lua"

---How a file is saved.
local WAYS = {
  { "in place", function(text) write(PATH, text) end },
  { "new file renamed over it", function(text)
    write(PATH .. "~", text)
    assert(os.rename(PATH .. "~", PATH))
  end },
}

local function measure(terminal)
  for n = 1, SAVES do
    for _, way in ipairs(WAYS) do
      way.times = way.times or {}
      local mark = ("%s%d"):format(way[1]:gsub(" ", ""), n)
      local began = C.dm_loop_now()
      way[2](OPERATOR:format(mark))
      way.times[n] = wait(terminal, mark) - began
      C.dm_pause(PAUSE_MS)
    end
  end
end

local function show()
  print(("from a save to the screen, ms; %d rows of %d bytes, %d saves each"):format(ROWS, ROW_BYTES, SAVES))
  print(("%-26s %8s %8s %8s %8s"):format("saved", "least", "median", "90 %", "most"))
  for _, way in ipairs(WAYS) do
    table.sort(way.times)
    local function at(share) return way.times[math.max(1, math.ceil(share * SAVES))] end
    print(("%-26s %8.1f %8.1f %8.1f %8.1f"):format(way[1], at(0), at(0.5), at(0.9), at(1)))
  end
end

os.execute(("mkdir -p %s/ops/user; mkfifo %s/keys"):format(folder, folder))
write(folder .. "/pipeline.lua", PIPELINE)
write(folder .. "/in.jsonl", rows())
write(PATH, OPERATOR:format "first")
local terminal = assert(io.popen(("cd %s && exec script -qfec 'stty cols 120 rows 40; exec %s dev pipeline.lua' "
  .. "/dev/null <>keys"):format(folder, DMHOST)))
wait(terminal, "first")
measure(terminal)
write(folder .. "/keys", "q")
terminal:close()
os.execute("rm -r " .. folder)
show()
