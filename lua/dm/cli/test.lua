-- dmhost test [PATH...]: examples of operators, golden files and busted specs, each in a process of its own.
local child = require "dm.child"
local find = require "dm.test.find"
local lines = require "dm.test.lines"
local machine = require "dm.machine"
local problem = require "dm.problem"
local registry = require "dm.registry"
local terminal = require "dm.terminal"

local MOST_SECONDS, MOST_JOBS = 1e6, 1024

local M = {
  summary = "run operators' examples, golden files and busted specs",
  usage = "dmhost test [PATH|OPERATOR...] [OPTIONS]",
  options = {
    { "ops", value = "DIR", list = true, doc = "a folder with operators; may be repeated" },
    { "update", doc = "rewrite lines of golden files whose outcome changed" },
    { "jobs", short = "j", value = "N", doc = "processes at once; default: the cores this process may use" },
    { "output", short = "o", value = "HANDLER", doc = "of busted: TAP, junit, json, gtest, utfTerminal, a .lua file" },
    { "timeout", value = "SECONDS", doc = "after which one is killed; default: 30 for an operator, 300 for a spec" },
  },
  notes = [[
PATH is a spec (*_spec.lua), an operator's file, a golden file (OPERATOR.golden.jsonl) or a folder that is searched for
them; without one, ops/user/, tests/ and spec/ are. Each file and each operator runs inside the host in a process of
its own, some at once. Specs need busted (Debian: lua-busted).

A line of a golden file is {"input": {...}, "params": {...}, "output": {...}}; instead of "output" it may have
"outputs": [...] (slicers), "dropped": true or "rejected": "reason". `dmhost try --save` adds such lines.

exit status: 0 all passed; 1 something failed; 2 wrong usage
]],
}

---Seconds that a process may take, by its kind.
local LIMITS = { operator = 30, spec = 300 }

local function fail(text, next_step)
  problem.raise("test: " .. text, { next = next_step or "`dmhost help test` says what can be tested" })
end

local function words_of(job, values)
  if job.kind == "spec" then return { job.path } end
  local words = { job.name, job.path or "", job.golden or "", values.update and "update" or "" }
  for _, folder in ipairs(values.ops or {}) do words[#words + 1] = folder end
  return words
end

---The test that a process did not come back from.
local function lost(job, ended, begun, limit)
  local why = child.killed(ended, limit)
    or ("ended with status %d\n%s"):format(ended.status, (ended.err:gsub("%s+$", "")))
  return { names = begun or { job.name }, file = job.path, status = "error", message = why, seconds = ended.seconds }
end

---Whether a process came to its end: busted's exit status is the number of failures.
local function is_lost(job, ended, wrong)
  return ended.timed_out or ended.signal > 0 or ended.status ~= 0 and (job.kind ~= "spec" or wrong == 0)
end

local function read(job, ended, limit)
  local result, begun, wrong = { tests = {}, job = job, ended = ended, updated = 0 }, nil, 0
  for _, told in ipairs(ended.told) do
    if told.test then
      result.tests[#result.tests + 1], begun = told.test, nil
      if told.test.status == "failure" or told.test.status == "error" then wrong = wrong + 1 end
    end
    begun = told.begun or begun
    result.updated = result.updated + (told.updated or 0)
  end
  if is_lost(job, ended, wrong) then
    result.tests[#result.tests + 1] = lost(job, ended, begun, limit)
    if ended.status ~= 0 then ended.err = "" end -- the message has it
  end
  return result
end

---Runs the jobs, some at once; hands their results over in the order of the jobs.
---@param given {seconds: number?, jobs: integer} what each may take, and how many at once
local function run_all(jobs, values, given, show)
  local results, started, shown = {}, 0, 0
  local function start()
    started = started + 1
    local i, job = started, jobs[started]
    local limit = given.seconds or LIMITS[job.kind]
    child.start("dm.test." .. job.kind, "inside", words_of(job, values), limit * 1000, function(ended)
      results[i] = read(job, ended, limit)
    end)
  end
  for _ = 1, math.min(#jobs, given.jobs) do start() end
  while shown < #jobs do
    child.wait()
    if started < #jobs then start() end
    while results[shown + 1] do
      shown = shown + 1
      show(results[shown])
      results[shown] = true
    end
  end
end

---What a process printed, on stderr: standard output is the report's.
local function show_output(result)
  for _, text in ipairs { result.ended.out, result.ended.err } do
    if text:find "%S" then io.stderr:write(text, text:sub(-1) == "\n" and "" or "\n") end
  end
end

local function plural(n, word, ending)
  return ("%d %s%s"):format(n, word, n == 1 and "" or ending or "s")
end

---Counts and shows; the status that the command ends with.
local function report(jobs, values, given, output)
  local count, updated, seconds = { success = 0, failure = 0, error = 0, pending = 0 }, 0, 0
  run_all(jobs, values, given, function(result)
    show_output(result)
    output:begin_file(result.job.name)
    for _, test in ipairs(result.tests) do
      count[test.status] = count[test.status] + 1
      output:test(test)
    end
    output:end_file()
    updated, seconds = updated + result.updated, seconds + result.ended.seconds
  end)
  output:finish()
  if not values.output then
    io.write(("%d passed, %d failed, %s, %d pending; %s, %.2f s of work\n"):format(count.success, count.failure,
      plural(count.error, "error"), count.pending, plural(#jobs, "process", "es"), seconds))
    if updated > 0 then io.write(plural(updated, "line"), " of golden files rewritten\n") end
  end
  return count.failure + count.error > 0 and 1 or 0
end

local function needs_busted(jobs, values)
  local wanted = values.output ~= nil
  for _, job in ipairs(jobs) do wanted = wanted or job.kind == "spec" end
  return wanted and not pcall(require, "busted.core")
end

---@param text string?
local function seconds_of(text)
  local n = tonumber(text)
  if text and not (n and n > 0 and n <= MOST_SECONDS) then fail(('--timeout takes seconds, not "%s"'):format(text)) end
  return n
end

---@param text string?
local function jobs_of(text)
  local n = text and tonumber(text:match "^%d+$") or not text and machine.processors()
  if not (n and n >= 1 and n <= MOST_JOBS) then fail(('--jobs takes a number from 1 on, not "%s"'):format(text)) end
  return n
end

---@param values table options and arguments
---@return integer exit status
function M.run(values)
  local given = { seconds = seconds_of(values.timeout), jobs = jobs_of(values.jobs) }
  for _, folder in ipairs(values.ops or {}) do registry.add_folder(folder) end
  local jobs, why, next_step = find.jobs({ unpack(values) }, values.ops or {})
  if not jobs then fail(why, next_step) end
  if needs_busted(jobs, values) then fail("specs and -o need busted", "on Debian: apt install lua-busted") end
  local output = lines.new(terminal.has_colour(1))
  if values.output then
    output, why = require("dm.test.replay").new(values.output)
    if not output then fail(why) end
  end
  return report(jobs, values, given, output)
end

return M
