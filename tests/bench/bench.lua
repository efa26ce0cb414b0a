-- make bench: measures what the README promises, side by side in one run, and writes tests/bench/REPORT.md.
--   dmhost lua tests/bench/bench.lua [ROUNDS]
-- Input and output lie in a memory file system and in the page cache; nothing is synced on either side.
local timing = require "tests.bench.timing"

local ROUNDS = tonumber((...)) or 5
local DMHOST = os.getenv "DMHOST" or "build/dmhost"
local DIR = (os.getenv "BENCH_DIR" or "/dev/shm") .. "/dmhost-bench"
local PYTHON = "build/bench/venv/bin/python"
local TINY, SMALL, MIDDLE, LARGE = DIR .. "/4M.jsonl", DIR .. "/20M.jsonl", DIR .. "/200M.jsonl", DIR .. "/1G.jsonl"
local SPECIAL = DIR .. "/special.json"
local RECIPE_RATE = 100 -- MB/s that a recipe of twelve operators aims at

local report = {}

local function say(format, ...)
  local line = format:format(...)
  report[#report + 1] = line
  print(line)
end

local function shell(format, ...)
  assert(os.execute(format:format(...)) == 0, format:format(...))
end

local function size_of(path)
  local file = assert(io.open(path))
  local size = file:seek "end"
  file:close()
  return size
end

local function has(command)
  return os.execute(("command -v %s >/dev/null 2>&1"):format(command)) == 0
end

---@return bench.Contestant
local function dmhost(work, input, workers)
  return {
    name = "dmhost",
    before = ("rm -rf %s/out*"):format(DIR),
    command = ("%s run tests/bench/works/%s.lua -i %s -o %s/out.jsonl -j %d -q"):format(DMHOST, work, input, DIR,
      workers),
    bytes = size_of(input),
  }
end

local function peer(name, input, format, ...)
  return { name = name, before = ("rm -rf %s/peer*"):format(DIR), command = format:format(...), bytes = size_of(input) }
end

local function python(name, script, input, more)
  return peer(name, input, "%s tests/bench/peers/%s %s %s/peer.jsonl %s", PYTHON, script, input, DIR, more or "")
end

---The rows of a table: what was measured against what, and whether the aim was met.
---@param work string
---@param ours bench.Contestant
---@param others { [1]: bench.Contestant, [2]: number }[] with the factor aimed at
local function compare(work, ours, others)
  local list = { ours }
  for _, other in ipairs(others) do list[#list + 1] = other[1] end
  timing.race(list, ROUNDS)
  for _, other in ipairs(others) do
    local c, aim = other[1], other[2]
    if c.rate then
      local ratio = ours.rate / c.rate
      say("| %s | %.0f MB/s | %s | %.1f MB/s | %.1f x | %s x | %s |", work, ours.rate, c.name, c.rate, ratio, aim,
        ratio >= aim and "yes" or "**no**")
    else
      say("| %s | %.0f MB/s | %s | not to be had here | - | %s x | - |", work, ours.rate, c.name, aim)
    end
  end
end

local function works()
  say "## One worker against others\n"
  say "| work | dmhost | against | rate | ratio | aim | met |"
  say "| --- | --- | --- | --- | --- | --- | --- |"
  local jaq = has "build/bench/bin/jaq" and "build/bench/bin/jaq" or "false"
  local cat = peer("cat in > out", MIDDLE, "cat %s > %s/peer", MIDDLE, DIR)
  local polars = python("Polars", "polars_identity.py", MIDDLE)
  local identity = dmhost("identity", MIDDLE, 1)
  compare("identity", identity, {
    { cat, 0.5 },
    { polars, 8 },
    { peer("jq -c .", SMALL, "jq -c . %s > %s/peer", SMALL, DIR), 25 },
  })
  local filter = [['select(.meta.lang=="zh-CN" and (.text|length)>200)']]
  compare("filter", dmhost("filter", MIDDLE, 1), {
    { python("DuckDB", "duckdb_filter.py", MIDDLE), 4 },
    { peer("jaq", MIDDLE, "%s -c %s %s > %s/peer", jaq, filter, MIDDLE, DIR), 4 },
    { peer("jq", SMALL, "jq -c %s %s > %s/peer", filter, SMALL, DIR), 12 },
  })
  compare("five inline operators", dmhost("five", MIDDLE, 1), { { python("CPython", "five.py", SMALL), 5 } })
  compare("the six", dmhost("six", MIDDLE, 1), { { python("CPython", "six.py", SMALL, SPECIAL), 40 } })
  local twelve, datamate = dmhost("twelve", MIDDLE, 1), dmhost("datamate", MIDDLE, 1)
  compare("twelve of Data-Juicer's", twelve, { { python("CPython", "twelve.py", TINY, SPECIAL), 80 } })
  compare("twelve of DataMate's", datamate, { { python("CPython", "datamate.py", TINY), 40 } })
  if polars.rate then
    say("\nMore than a copy can not be had: cat, which does no more, makes %.1f x Polars here. Where processors are "
      .. "left over,\na worker writes such rows in a thread of its own; identity took %.2f s of processors, "
      .. "Polars %.2f s.", cat.rate / polars.rate, identity.cpu, polars.cpu)
  end
  for _, recipe in ipairs { { "Data-Juicer's", twelve }, { "DataMate's", datamate } } do
    say("\nTwelve of %s: %.0f MB/s; the aim is %d MB/s: %s.", recipe[1], recipe[2].rate, RECIPE_RATE,
      recipe[2].rate >= RECIPE_RATE and "met" or "**not met**")
  end
end

---A recipe leaves the same rows as CPython does.
local function same_rows(name, work, input)
  shell("%s --force", dmhost(work, input, 1).command)
  shell("%s tests/bench/peers/%s.py %s %s/peer.jsonl %s", PYTHON, work, input, DIR, SPECIAL)
  shell("%s tests/bench/peers/same.py %s/out.jsonl %s/peer.jsonl", PYTHON, DIR, DIR)
  say("\n%s left the same rows with the same content as CPython's on %.0f MB.", name, size_of(input) / 1e6)
end

local function scaling()
  local one, two = dmhost("six", LARGE, 1), dmhost("six", LARGE, 2)
  local apart = dmhost("six", LARGE, 1)
  apart.command = ("{ %s & %s & wait; }"):format(apart.command, (apart.command:gsub("out%.jsonl", "out2.jsonl")))
  timing.race({ one, two, apart }, math.min(ROUNDS, 3))
  say "\n## Two workers against one, the six, 1 GB\n"
  say "| one worker | two workers | ratio | aim | met |"
  say "| --- | --- | --- | --- | --- |"
  local ratio = two.rate / one.rate
  say("| %.0f MB/s | %.0f MB/s | %.2f x | 1.85 x | %s |", one.rate, two.rate, ratio,
    ratio >= 1.85 and "yes" or "**no**")
  say("\nTwo runs of one worker each at the same time, which share nothing but the machine: %.2f x.",
    2 * apart.rate / one.rate)
end

local function start_up()
  shell("echo '{\"text\":\"a\"}' > %s/one.jsonl", DIR)
  local run = { name = "start", bytes = 1, command = ("%s run tests/bench/works/six.lua -i %s/one.jsonl -o - -j 1 -q "
    .. "| head -c 1"):format(DMHOST, DIR) }
  timing.race({ run }, 20)
  say("\n## From exec to the first byte on standard output\n\n%.0f ms, with the six and one row (aim: under 30 ms).",
    run.wall * 1000)
end

local function memory_of(command)
  local coordinator, worker = assert(timing.first_line(command)):match "^(%d+) (%d+)$"
  return coordinator / 1024, worker / 1024
end

local function memory()
  say "\n## Peak memory on the 1 GB corpus, default limits\n"
  say "| work | workers | a worker (aim 64 MiB) | the coordinator (aim 24 MiB) |"
  say "| --- | --- | --- | --- |"
  for _, case in ipairs { { "identity", 1 }, { "filter", 1 }, { "five", 1 }, { "six", 1 }, { "six", 2 } } do
    shell("rm -rf %s/out*", DIR)
    local coordinator, worker = memory_of(("tests/bench/memory.sh %s run tests/bench/works/%s.lua -i %s "
      .. "-o %s/out.jsonl -j %d -q"):format(DMHOST, case[1], LARGE, DIR, case[2]))
    say("| %s | %d | %.1f MiB | %.1f MiB |", case[1], case[2], worker, coordinator)
  end
end

local function splits()
  local row = '{"id": "&", "text": "a row of about a hundred bytes, each in a split of its own", "more": "0123456789"}'
  shell("seq 100000 | sed 's/.*/%s/' > %s/tiny.jsonl", row, DIR)
  local size = size_of(DIR .. "/tiny.jsonl")
  say "\n## Many splits: a row of 100 bytes each, two workers\n"
  say "| splits | where | wall | per split | splits committed a second | coordinator |"
  say "| --- | --- | --- | --- | --- | --- |"
  for _, where in ipairs { { "tmpfs", DIR }, { "disk", "build/bench" } } do
    for _, n in ipairs { 1000, 10000, 100000 } do
      local pipeline = DIR .. "/splits.lua"
      local file = assert(io.open(pipeline, "w"))
      file:write(("local dm = require 'dm' return dm.pipeline { operators = {}, split_size = %d }"):format(
        math.ceil(size / 100000)))
      file:close()
      local command = ("%s run %s -i %s/some.jsonl -o %s/out.jsonl -j 2 -q --force"):format(DMHOST, pipeline, DIR,
        where[2])
      shell("head -n %d %s/tiny.jsonl > %s/some.jsonl", n, DIR, DIR)
      local wall = assert(timing.once(command))
      local coordinator = memory_of("tests/bench/memory.sh " .. command)
      say("| %d | %s | %.2f s | %.1f us | %.0f | %.1f MiB |", n, where[1], wall, wall / n * 1e6, n / wall, coordinator)
      shell("rm -rf %s/out.jsonl*", where[2])
    end
  end
end

local function quadratic()
  say "\n## Where the peers' operators are quadratic\n"
  for _, line in ipairs(require("tests.bench.quadratic").report()) do say("%s", line) end
end

local function machine()
  local model = timing.first_line "sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1"
  say "# What dmhost reaches\n"
  say("Measured by `make bench` on %s, %s processors, %s, Linux %s; medians of %d runs, in turn.", model,
    timing.first_line "nproc", timing.first_line "free -g | awk '/^Mem/ { print $2 \" GiB\" }'",
    timing.first_line "uname -r", ROUNDS)
  say("The corpora are those of tests/bench/corpus.lua; CPython and jq run on 20 MB, the twelves of CPython on 4 MB, "
    .. "the others on 200 MB.\nMB = 10^6 bytes of input; wall clock, start-up included on every side.\n")
end

local function prepare()
  shell("mkdir -p %s build/bench && tests/bench/setup.sh", DIR)
  for name, path in pairs { ["200M"] = MIDDLE, ["1G"] = LARGE } do
    shell("%s lua tests/bench/corpus.lua %s build/bench/%s.jsonl && cp build/bench/%s.jsonl %s", DMHOST, name, name,
      name, path)
  end
  shell("head -c 20000000 %s | head -n -1 > %s", MIDDLE, SMALL)
  shell("head -c 4000000 %s | head -n -1 > %s", MIDDLE, TINY)
  shell("%s lua tests/bench/special.lua > %s", DMHOST, SPECIAL)
end

prepare()
machine()
works()
same_rows("The six", "six", SMALL)
same_rows("Data-Juicer's twelve", "twelve", TINY)
same_rows("DataMate's twelve", "datamate", TINY)
scaling()
start_up()
memory()
splits()
quadratic()
shell("rm -rf %s", DIR)
local file = assert(io.open("tests/bench/REPORT.md", "w"))
file:write(table.concat(report, "\n"), "\n")
assert(file:close())
