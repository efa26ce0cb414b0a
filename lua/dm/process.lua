-- Programs as processes that Lua waits for beside other things: dm.exec, dm.run, and the commands of dm.scheduler.
local ffi = require "ffi"
local params = require "dm.params"
local sample = require "dm.sample"
local units = require "dm.units"
local wait = require "dm.wait"

local C = ffi.C
local err = ffi.new "struct dm_error"
local options = ffi.new "struct dm_process_options"

local M = {}

---What a command may be given beside its arguments.
---@type dm.Param[]
M.OPTIONS = {
  { "shell", "boolean", default = false, doc = "the command is a line for /bin/sh" },
  { "cwd", "string", doc = "the folder that it runs in" },
  { "env", "map", default = {}, doc = "variables by name; false for one that is left out" },
  { "log", "string", doc = "a file for what it prints" },
  { "log_size", "string|number", default = "100MiB", doc = "a longer log is put aside as LOG.1, and begun anew" },
  { "log_backups", "integer", default = 9, min = 0, max = 1000, doc = "how many of those are kept" },
  { "log_append", "boolean", default = false, doc = "go on with a log that is there; else it is put aside" },
  { "timeout", "string|number", doc = "the longest time that it may take" },
  { "grace", "string|number", default = "5s", doc = "between SIGTERM and SIGKILL" },
}

---A command as M.start takes it.
---@class dm.Command
---@field argv string[]
---@field env table<string, any>
---@field cwd string?
---@field log string?
---@field log_size number bytes
---@field log_backups integer
---@field log_append boolean
---@field timeout number? milliseconds
---@field grace number milliseconds

---How a process ended.
---@class dm.ProcessEnd
---@field ok boolean exit status 0
---@field status integer exit status; -1 with a signal
---@field signal integer? that ended it
---@field reason "exited"|"stopped"|"timed out"
---@field out string standard output; of a task's command the end of both outputs
---@field err string standard error
---@field cut boolean there was more output than that
---@field seconds number
---@field trouble string? why its log lacks something

local function milliseconds(values, name)
  local ms = units.milliseconds(values[name])
  if not ms or ms < 0 then error(('"%s" is not a value for %s'):format(tostring(values[name]), name), 0) end
  return ms
end

-- What a shell would do something about.
local NEEDS_SHELL = "[\"'`$\\|&;<>(){}*?%[%]~#%c]"

---@return string[]
local function split(line)
  if line:find(NEEDS_SHELL) then
    error("a command is a list of arguments, or a line for the shell with shell = true", 0)
  end
  local argv = {}
  for word in line:gmatch "%S+" do argv[#argv + 1] = word end
  return argv
end

---@return string[]
local function argv_of(command, shell)
  if type(command) ~= "string" and type(command) ~= "table" then
    error("a command is a list of arguments, or a line, not a " .. type(command), 0)
  end
  if type(command) == "string" then
    return shell and { "/bin/sh", "-c", command } or split(command)
  end
  if shell then
    if #command ~= 1 then error("with shell = true a command is one line", 0) end
    return { "/bin/sh", "-c", tostring(command[1]) }
  end
  local argv = {}
  for i, word in ipairs(command) do
    if type(word) ~= "string" and type(word) ~= "number" then
      error(("argument %d of a command is a %s, not a string"):format(i, type(word)), 0)
    end
    argv[i] = tostring(word)
  end
  return argv
end

local function check_texts(list)
  for _, text in pairs(list) do
    if type(text) == "string" and text:find("\0", 1, true) then error("a command holds a NUL", 0) end
  end
end

---A command in the form that M.start takes; raises when something is wrong with it.
---@param command string|string[] a list of arguments, or a line
---@param given table? options, as M.OPTIONS declares them
---@return dm.Command
function M.settle(command, given)
  local values, wrong = params.check(M.OPTIONS, given or {}, sample.null)
  if not values then error("a command " .. wrong, 0) end
  local argv = argv_of(command, values.shell)
  if #argv == 0 then error("there is no command to run", 0) end
  local env = {}
  for name, value in pairs(values.env) do env[name] = value end
  values.env = env
  check_texts(argv)
  check_texts(env)
  values.argv, values.shell = argv, nil
  values.timeout = values.timeout and milliseconds(values, "timeout")
  values.grace = milliseconds(values, "grace")
  values.log_size = units.bytes(values.log_size) or error("log_size is not a size", 0)
  return values
end

local function join(list)
  return #list > 0 and table.concat(list, "\0") .. "\0" or ""
end

---@param env table<string, any>
---@return string[]
local function differences(env)
  local list = {}
  for name, value in pairs(env) do
    if type(name) ~= "string" or name == "" or name:find "[=%z]" then
      error(('"%s" is no name for a variable'):format(tostring(name)), 0)
    end
    list[#list + 1] = value == false and name or name .. "=" .. tostring(value)
  end
  table.sort(list)
  return list
end

local running, count = {}, 0 -- number of a process -> what to call at its end; how many of those are waited for
local channels = {}          -- number of a process with a channel -> what to call with what it says
local heard = ffi.new "struct dm_buf"

local REASONS = { [0] = "exited", "stopped", "timed out" }

local function text_of(buf)
  return ffi.string(buf.p, buf.n)
end

---@return dm.ProcessEnd
local function take(ended)
  return {
    ok = ended.status == 0 and ended.reason == C.DM_PROCESS_EXITED,
    status = ended.status,
    signal = ended.signal > 0 and ended.signal or nil,
    reason = REASONS[ended.reason],
    out = text_of(ended.out),
    err = text_of(ended.err),
    cut = ended.cut == 1,
    seconds = ended.seconds,
    trouble = ended.trouble[0] ~= 0 and ffi.string(ended.trouble) or nil,
  }
end

local function listen()
  for id, on_said in pairs(channels) do
    heard.n = 0
    if C.dm_process_hear(id, heard, err) > 0 then on_said(text_of(heard)) end
  end
end

wait.add_source {
  take = function()
    listen()
    local ended = C.dm_process_next()
    while ended ~= nil do
      local id, result = ended.id, take(ended)
      local on_end = running[id]
      C.dm_process_release(ended)
      if not channels[id] then
        count = count - 1
        C.dm_loop_catch(-1)
      end
      running[id], channels[id] = nil, nil
      on_end(result)
      ended = C.dm_process_next()
    end
  end,
  pending = function() return count > 0 end,
}

---@return integer number
local function start(command, keep_bytes, has_channel, on_end)
  local argv, env = join(command.argv), join(differences(command.env))
  options.argv, options.argv_bytes = argv, #argv
  options.env, options.env_bytes = env, #env
  options.cwd, options.log = command.cwd, command.log
  options.log_bytes, options.log_backups = command.log_size, command.log_backups
  options.log_append = command.log_append and 1 or 0
  options.keep_bytes, options.channel = keep_bytes, has_channel and 1 or 0
  options.timeout_ms, options.grace_ms = command.timeout or 0, command.grace
  local id = C.dm_process_start(options, err)
  if id < 0 then error(ffi.string(err.text), 0) end
  running[id] = on_end
  return id
end

---Starts a process. Raises when it can not be.
---@param command dm.Command
---@param keep_bytes integer how much of each output is kept; 0: the end of both together
---@param on_end fun(ended: dm.ProcessEnd) called by whoever runs the loop; must not wait
---@return integer number for M.stop
function M.start(command, keep_bytes, on_end)
  local id = start(command, keep_bytes, false, on_end)
  count = count + 1
  C.dm_loop_catch(1)
  return id
end

---Starts a process that hears M.tell on its descriptor 3 and answers on 4. It may outlive everything else: nobody waits
---for its end, and it is killed with this process.
---@param command dm.Command
---@param on_said fun(said: string) called with what has come, as on_end
---@param on_end fun(ended: dm.ProcessEnd) as that of M.start
---@return integer number for M.tell and M.stop
function M.start_channel(command, on_said, on_end)
  local id = start(command, 0, true, on_end)
  channels[id] = on_said
  return id
end

---Writes to the channel of a process. Nothing when it has ended.
---@param id integer
---@param text string
function M.tell(id, text)
  if C.dm_process_tell(id, text, #text, err) < 0 then error(ffi.string(err.text), 0) end
end

---Ends a process and what is in its group: SIGTERM, and SIGKILL after its grace.
---@param id integer
function M.stop(id)
  C.dm_process_stop(id)
end

---The last line that is not empty, for a message.
---@param text string
---@return string?
local function last_line(text)
  local last
  for line in text:gmatch "[^\r\n]+" do
    if line:find "%S" then last = line end
  end
  return last and last:gsub("%c", " "):sub(1, 300)
end

---Why a process failed, for people.
---@param ended dm.ProcessEnd
---@return string? nil when it did not
function M.failure(ended)
  if ended.ok then return nil end
  local why
  if ended.reason == "timed out" then
    why = "timed out"
  elseif ended.signal then
    why = ("ended by signal %d"):format(ended.signal)
  else
    why = ("exit status %d"):format(ended.status)
  end
  local said = last_line(ended.err) or last_line(ended.out)
  return said and why .. ": " .. said or why
end

-- How much of an output a script gets.
local KEPT_BYTES = 16 * 1024 * 1024

---Runs a process to its end. When the task that waits is interrupted, the process is ended first.
---@param command dm.Command
---@return dm.ProcessEnd
local function run_to_end(command)
  local me, ended = wait.self(), nil
  local id = M.start(command, KEPT_BYTES, function(result)
    ended = result
    wait.wake(me, result)
  end)
  local ok, result = pcall(wait.park, me, M.stop, id)
  if ok then return result end
  while not ended do wait.park(me) end
  error(result, 0)
end

---Runs a command and waits for its end. Whatever its exit status is, it is a result; raises when it can not be started.
---@param command string|string[] a list of arguments, with options as named fields, or a line
---@param given table? options, as M.OPTIONS declares them
---@return dm.ProcessEnd
function M.exec(command, given)
  local arguments, merged = command, {}
  if type(command) == "table" then
    arguments = {}
    for key, value in pairs(command) do
      if type(key) == "number" then arguments[key] = value else merged[key] = value end
    end
  end
  for key, value in pairs(given or {}) do merged[key] = value end
  return run_to_end(M.settle(arguments, merged))
end

---Runs a pipeline, as `dmhost run` does, and waits for its end.
---@param arguments string|string[] the pipeline's file, or the arguments of `dmhost run`; options as named fields
---@param given table? options, as M.OPTIONS declares them
---@return dm.ProcessEnd
function M.run(arguments, given)
  local command = type(arguments) == "string" and { arguments } or arguments
  if type(command) ~= "table" then error("dm.run takes a pipeline's file, or a list, not a " .. type(command), 2) end
  local argv = { "/proc/self/exe", "run" }
  for _, word in ipairs(command) do argv[#argv + 1] = tostring(word) end
  for key, value in pairs(command) do
    if type(key) == "string" then argv[key] = value end
  end
  return M.exec(argv, given)
end

---Ends all processes as M.stop does, and waits for that. Nobody hears of their ends.
function M.stop_all()
  for id in pairs(running) do
    running[id] = function() end
    M.stop(id)
  end
  while count > 0 do wait.collect(1000) end
end

---Waits for a time; tasks go on meanwhile.
---@param time number|string seconds, or "500ms", "2min"
function M.sleep(time)
  local ms = units.milliseconds(time)
  if not ms or ms < 0 then error(('"%s" is not a time'):format(tostring(time)), 2) end
  wait.sleep(ms)
end

return M
