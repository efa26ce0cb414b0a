-- Work that must not hang or crash the command that asks for it runs in children of this binary: a module's function
-- in a fresh Lua state, with a time limit. What the function tells comes back as JSON documents.
local ffi = require "ffi"
local json = require "dm.json"

local C = ffi.C
local M = {}

---@class dm.ChildEnd
---@field told table[] what the child told
---@field out string what it printed
---@field err string what it wrote to stderr
---@field status integer exit status
---@field signal integer that ended it, or 0
---@field timed_out boolean
---@field seconds number

---How a child ended that was not meant to, for people; nil of one that ended by itself.
---@param ended dm.ChildEnd
---@param seconds number that it was given
---@return string?
function M.killed(ended, seconds)
  if ended.timed_out then return ("did not end within %g seconds; an endless loop?"):format(seconds) end
  return ended.signal > 0 and ("ended the process with signal %d"):format(ended.signal) or nil
end

local waiting = {}

local BEGIN = [[
local module, name = arg[1], arg[2]
table.remove(arg, 1); table.remove(arg, 1)
os.exit(require "dm.child".serve(module, name, arg), true)]]

---Starts require(module)[name](words) in a child.
---@param module string
---@param name string
---@param words string[] without NUL
---@param milliseconds number after which it is killed, with everything that it started
---@param on_end fun(ended: dm.ChildEnd) called by M.wait
function M.start(module, name, words, milliseconds, on_end)
  local args, err = { "lua", "-e", BEGIN, module, name }, ffi.new "struct dm_error"
  for _, word in ipairs(words) do args[#args + 1] = word end
  local text = table.concat(args, "\0") .. "\0"
  local id = C.dm_child_start(text, #text, milliseconds, err)
  if id < 0 then error(ffi.string(err.text), 0) end
  waiting[id] = on_end
end

local function text_of(buf)
  return ffi.string(buf.p, buf.n)
end

---The documents, of which the last may be cut short by the child's death.
local function parse(text)
  local list = {}
  for line in text:gmatch "([^\n]*)\n" do list[#list + 1] = json.decode(line) end
  return list
end

---Waits for a child to end and calls its on_end.
---@return boolean whether there was one
function M.wait()
  local ended, err = ffi.new "struct dm_child_end", ffi.new "struct dm_error"
  local status = C.dm_child_wait(ended, err)
  if status < 0 then error(ffi.string(err.text), 0) end
  if status == 0 then return false end
  local on_end = waiting[ended.id]
  waiting[ended.id] = nil
  if on_end then
    on_end {
      told = parse(text_of(ended.out[2])),
      out = text_of(ended.out[0]),
      err = text_of(ended.out[1]),
      status = ended.status,
      signal = ended.signal,
      timed_out = ended.timed_out == 1,
      seconds = ended.seconds,
    }
  end
  return true
end

local channel

---Tells whoever started this child something; arrives even if the child is killed right afterwards.
---@param document table that JSON can hold
function M.tell(document)
  channel:write(json.encode(document), "\n")
  channel:flush()
end

---The child's side of M.start.
---@param module string
---@param name string
---@param words string[]
---@return integer exit status
function M.serve(module, name, words)
  C.dm_child_begin()
  channel = assert(io.open("/dev/fd/3", "wb"))
  return require(module)[name](words) or 0
end

---Runs one function in a child and waits for its end.
---@param module string
---@param name string
---@param words string[]
---@param milliseconds number
---@return dm.ChildEnd
function M.run(module, name, words, milliseconds)
  local result
  M.start(module, name, words, milliseconds, function(ended) result = ended end)
  while not result do M.wait() end
  return result
end

return M
