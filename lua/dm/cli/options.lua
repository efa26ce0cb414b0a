-- Command-line options of all commands, from one table: parsing, usage lines and "did you mean".
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

---The options as lines of help.
---@param options dm.Option[]
---@return string
function M.help(options)
  local lines = {}
  for i, o in ipairs(options) do
    local name = (o.short and "-" .. o.short .. ", " or "    ") .. "--" .. o[1]
    lines[i] = ("  %-26s %s"):format(name .. (o.value and " " .. o.value or ""), o.doc)
  end
  return table.concat(lines, "\n")
end

return M
