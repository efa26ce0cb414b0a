-- What the verbs on text share: the buffer that kernels write to, and what becomes of their answers.
local ffi = require "ffi"
local C = ffi.C

local M = {}

---The buffer that results go to; borrowed until the next kernel is called.
M.out = C.dm_text_out()

local out = M.out
local span_list = ffi.typeof "const struct dm_text_span *"
local span_bytes = ffi.sizeof "struct dm_text_span"

---Texts of more bytes than this make the work spaces give back their memory afterwards.
local LARGE = 256 * 1024

---Raises for a status below zero.
---@param status integer
function M.fail(status)
  if status == C.DM_EMEMORY then error("memory ran short", 0) end
  error("the text is too large", 0)
end

---Raises unless the text is UTF-8, which all verbs take for granted. Samples are; what comes from elsewhere may not be.
---@param s string
---@param what string that the message names
---@return string s
function M.check(s, what)
  local valid = tonumber(C.dm_utf8_check(s, #s))
  if valid < #s then error(("%s is not valid UTF-8 at byte %d"):format(what, valid + 1), 0) end
  return s
end

---Raises where a method was called with a dot: what it is given in place of its object, C would take for one.
---@param self any
---@param kind string what it is a method of: the variable's name in the message
---@param of string the same as words
---@param name string the method's
function M.check_self(self, kind, of, name)
  if type(self) ~= "table" then error(("%s is a method of %s: %s:%s(text)"):format(name, of, kind, name), 3) end
end

---Gives back what a large text made the work spaces grow to.
---@param bytes integer length of the text
function M.trim(bytes)
  if bytes > LARGE or out.cap > 4 * LARGE then C.dm_text_trim() end
end

---The result of a kernel: the text that it made, or the one it was given.
---@param status integer
---@param s string
---@return string
function M.result(status, s)
  if status > 0 then s = ffi.string(out.p, out.n) end
  M.trim(#s)
  if status < 0 then M.fail(status) end
  return s
end

local err = ffi.new "struct dm_error"

---Loads a library that a kernel needs, so that a missing one is known at the start. Raises a message for a person.
---@param load fun(err: ffi.cdata*): integer
function M.load(load)
  if load(err) < 0 then error(ffi.string(err.text), 0) end
end

local span = ffi.new "struct dm_text_span"

---The text without the span that a kernel finds.
---@param find fun(p: string, n: integer, span: ffi.cdata*): integer
---@param s string
---@return string
function M.cut(find, s)
  if find(s, #s, span) == 0 then return s end
  return s:sub(1, tonumber(span.start)) .. s:sub(tonumber(span["end"]) + 1)
end

---The spans in `out`.
---@return ffi.cdata* struct dm_text_span *
function M.spans()
  return ffi.cast(span_list, out.p)
end

---How many spans there are in `out`.
---@return integer
function M.span_count()
  return tonumber(out.n) / span_bytes
end

---Strings of the spans in `out`.
---@param base ffi.cdata* what they point into
---@return string[]
function M.strings(base)
  local list, spans = {}, M.spans()
  for i = 1, M.span_count() do
    local one = spans[i - 1]
    list[i] = ffi.string(base + one.start, one["end"] - one.start)
  end
  return list
end

---The pieces of a text whose spans a kernel put in `out`.
---@param status integer that the kernel returned
---@param s string that it was given
---@return string[]
function M.pieces(status, s)
  if status < 0 then M.fail(status) end
  local list = M.strings(ffi.cast("const char *", s))
  M.trim(0)
  return list
end

---A verb of a kernel that makes a text of a text and nothing else.
---@param kernel ffi.cdata* int (const char *p, size_t n, struct dm_buf *out)
---@return fun(s: string): string
function M.verb(kernel)
  return function(s) return M.result(kernel(s, #s, out), s) end
end

return M
