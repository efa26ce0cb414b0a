-- Command-line options of all commands, from one table: parsing, usage lines and "did you mean".
local ffi = require "ffi"
local paint_module = require "dm.trace.paint"
local problem = require "dm.problem"
local suggest = require "dm.suggest"

local M = {}

---@class dm.Option
---@field [1] string long name, without the dashes
---@field short string? one letter
---@field value string? what stands for its value in the help; without it the option is a switch
---@field list boolean? may be given many times
---@field doc string

local function find(options, name)
  for _, o in ipairs(options) do
    if o[1] == name or o.short == name then return o end
  end
end

local function unknown(options, word)
  local names = {}
  for i, o in ipairs(options) do names[i] = "--" .. o[1] end
  return ('unknown option "%s"%s'):format(word, suggest.hint(word, names))
end

local function store(values, option, value)
  if option.list then
    values[option[1]] = values[option[1]] or {}
    table.insert(values[option[1]], value)
  else
    values[option[1]] = value
  end
end

---Splits one word into option name and attached value.
local function split(word)
  local name, value = word:match "^%-%-([%w-]+)=(.*)$"
  if name then return name, value end
  if word:sub(1, 2) == "--" then return word:sub(3) end
  local rest = word:sub(3)
  return word:sub(2, 2), rest ~= "" and rest or nil
end

---@param options dm.Option[]
---@param args string[]
---@return table? values option values by long name, and positional words at 1, 2, ...
---@return string? what is wrong
function M.parse(options, args)
  local values, i, plain = {}, 1, false
  while i <= #args do
    local word = args[i]
    if plain or word == "-" or word:sub(1, 1) ~= "-" then
      values[#values + 1] = word
    elseif word == "--" then
      plain = true
    else
      local name, value = split(word)
      local option = find(options, name)
      if not option then return nil, unknown(options, word) end
      if not option.value then
        if value then return nil, ("--%s takes no value"):format(option[1]) end
        value = true
      elseif not value then
        i = i + 1
        value = args[i]
        if not value then return nil, ("--%s needs a value: %s"):format(option[1], option.value) end
      end
      store(values, option, value)
    end
    i = i + 1
  end
  return values
end

---What to do when an option is wrong.
---@param command string
---@return string
function M.see(command)
  return ("`dmhost help %s` shows the options"):format(command)
end

---The value of an option that is a whole number. Raises a problem when it is another.
---@param command string whose option it is
---@param values table from M.parse
---@param name string
---@param least integer
---@return integer? nil when the option is not given
function M.whole(command, values, name, least)
  local n = tonumber(values[name])
  if values[name] and (not n or n < least or n % 1 ~= 0) then
    problem.raise(('--%s takes a whole number of at least %d, not "%s"'):format(name, least, values[name]),
      { next = M.see(command) })
  end
  return n
end

---The value of --sample, a share of the rows. Raises a problem when it is none.
---@param values table from M.parse
---@return ffi.cdata*|number bound on 64-bit hashes of rows, see struct dm_settings; 0 for all rows
function M.sampled(values)
  local share = tonumber(values.sample or 1)
  if not share or not (share > 0 and share <= 1) then
    problem.raise(('--sample takes a share above 0, up to 1, not "%s"'):format(values.sample),
      { next = "0.01 is one row in a hundred" })
  end
  return share == 1 and 0 or ffi.cast("uint64_t", share * 2 ^ 53) * 2048ULL
end

---The options as lines of help.
---@param options dm.Option[]
---@return string
function M.help(options)
  local lines = {}
  for i, o in ipairs(options) do
    local name = (o.short and "-" .. o.short .. ", " or "    ") .. "--" .. o[1]
    lines[i] = paint_module.hang(("  %-26s "):format(name .. (o.value and " " .. o.value or "")), o.doc)
  end
  return table.concat(lines, "\n")
end

return M
