-- Replacements in the notation of Python's module `regex` (\1, \g<name>, \n, \x41, \\), cut into the parts that kernels
-- take.
local ffi = require "ffi"
local utf8 = require "dm.utf8"

local M = {}

---Adds one part; numbers are groups.
local function add_part(parts, value)
  if value ~= "" then parts[#parts + 1] = value end
end

local ESCAPES = { n = "\n", r = "\r", t = "\t", a = "\a", b = "\b", f = "\f", v = "\v", ["\\"] = "\\" }

local function fail(repl, what)
  error(("replacement %q: %s"):format(repl, what), 0)
end

---Reads \ followed by a digit: as Python does, a character when it begins with 0 or has three octal digits, else a
---group.
local function read_number(repl, at)
  local octal = repl:match("^0[0-7]?[0-7]?", at) or repl:match("^[0-7][0-7][0-7]", at)
  if octal then return utf8.char(tonumber(octal, 8) % 256), at + #octal end
  local digits = repl:match("^%d%d?", at)
  return tonumber(digits), at + #digits
end

---Reads one escape after a backslash: the part, and the place behind it.
local function read_escape(repl, at)
  local c = repl:sub(at, at)
  if c:find "%d" then return read_number(repl, at) end
  local name, behind = repl:match("^g<([%w_]+)>()", at)
  if name then return tonumber(name) or { name }, behind end
  if ESCAPES[c] then return ESCAPES[c], at + 1 end
  local is_code, char, after = utf8.escaped(repl, at)
  if char then return char, after end
  if is_code then fail(repl, "\\" .. c .. " needs the code of a character") end
  if c == "" or c:find "%a" then fail(repl, ("\\%s has no meaning"):format(c)) end
  return "\\" .. c, at + 1
end

---Cuts a replacement into strings and groups (number, or { name }).
local function read(repl)
  local parts, at = {}, 1
  while at <= #repl do
    local slash = repl:find("\\", at, true)
    add_part(parts, repl:sub(at, (slash or 0) - 1))
    if not slash then break end
    local value
    value, at = read_escape(repl, slash + 1)
    add_part(parts, value)
  end
  return parts
end

---Makes the struct that kernels take, beside what keeps it alive.
local function make(repl, group_of)
  local parts, texts, offset = read(repl), {}, 0
  local array = ffi.new("struct dm_template_part[?]", math.max(#parts, 1))
  for i, part in ipairs(parts) do
    if type(part) == "string" then
      array[i - 1].group, array[i - 1].offset, array[i - 1].bytes = -1, offset, #part
      texts[#texts + 1], offset = part, offset + #part
    else
      local group = type(part) == "table" and part[1] or part
      array[i - 1].group = group_of(group)
        or fail(repl, "the pattern has no group " .. group)
    end
  end
  local text = table.concat(texts)
  local t = ffi.new("struct dm_template", { text = text, parts = array, nparts = #parts })
  return { t = t, text = text, parts = array }
end

---A function that makes a replacement's struct dm_template, and remembers the last: operators give the same one
---every time.
---@param group_of fun(group: integer|string): integer? number of a group, nil when the pattern has none
---@return fun(repl: string): ffi.cdata*
function M.remember(group_of)
  local last, made
  return function(repl)
    if repl ~= last then last, made = repl, make(repl, group_of) end
    return made.t
  end
end

---The same for a kernel with its own pattern, which has no names.
---@param groups integer highest number
---@return fun(repl: string): ffi.cdata*
function M.fixed(groups)
  return M.remember(function(group)
    return type(group) == "number" and group <= groups and group or nil
  end)
end

return M
