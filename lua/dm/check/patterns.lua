-- Regular expressions of the user that may look at the same text again and again: see dm.check.regex.
local locate = require "dm.problem.locate"
local regex = require "dm.check.regex"
local sources = require "dm.sources"
local text = require "dm.text"

-- A text of this length is looked at within a tenth of a millisecond, unless each place is tried anew.
local PROBE, SLOW = 20000, 0.02

---A character that an item matches: a common one, or one that is written in it.
local function matched_by(item)
  local ok, re = pcall(text.regex, "^" .. item.text .. "$")
  if not ok then return nil end
  local list = { "a", "1", " ", "-", ".", "A", "é", "_", "/", "\n" }
  for c in item.text:gmatch "%w" do list[#list + 1] = c end
  for _, c in ipairs(list) do
    if re:find(c) then return c end
  end
end

---Whether a long run of what the pattern begins with takes long. Behind it stands what the pattern may ask for, so that
---the run is not passed over for want of that.
local function is_slow(use, item)
  local c = matched_by(item)
  if not c then return false end
  local rest = use.pattern:gsub("[^%w@#/:;,!?=&%-]", " ")
  local subject = c:rep(PROBE) .. "\n\n" .. rest .. " @ . - 1 a"
  local began = os.clock()
  pcall(use.re.find, use.re, subject)
  return os.clock() - began > SLOW
end

local function risk(use)
  local tree = regex.parse(use.pattern)
  local nested = regex.nested(tree)
  if nested then
    return ("%s is repeated in more ways than one, which can take a time that doubles with each character; make the "
      .. "inner repetition possessive (++) or put something between"):format(nested)
  end
  local beginning = regex.beginning(tree)
  local item = beginning and beginning.item
  if item and (beginning.certain and regex.is_wildcard(item) or is_slow(use, item)) then
    return ("it begins with %s without an anchor, so that long texts may be read again from each place; begin with ^, "
      .. "\\b or (?<!%s)"):format(beginning.written, item.text)
  end
end

---Whether the text of a pattern stands in a value, or in one within it.
local function holds(value, pattern)
  if value == pattern then return true end
  for _, v in pairs(type(value) == "table" and value or {}) do
    if holds(v, pattern) then return true end
  end
  return false
end

local function place_in_file(file, line, pattern)
  local source = sources.exists(file) and sources.read(file) or ""
  local word = locate.word(source, line, pattern)
  return { file = file, line = line, col = word and word.text == pattern and word.col or nil }
end

---Where the user wrote the pattern; nil when it is not the user's.
local function place(plan, use)
  for name, value in pairs(use.entry and use.entry.given or {}) do
    if type(name) == "string" and holds(value, use.pattern) then return plan:place_of(use.entry, name) end
  end
  return use.file and place_in_file(use.file, use.line, use.pattern)
end

---@param plan dm.CheckPlan
---@return dm.Finding[]
return function(plan)
  local list, seen = {}, {}
  for _, use in ipairs(plan.patterns) do
    local at = place(plan, use)
    local why = at and risk(use)
    local key = at and at.file .. ":" .. at.line .. use.pattern
    if why and not seen[key] then
      seen[key] = true
      list[#list + 1] = { file = at.file, line = at.line, col = at.col, severity = "warning",
        message = ("pattern %q: %s"):format(use.pattern, why) }
    end
  end
  return list
end
