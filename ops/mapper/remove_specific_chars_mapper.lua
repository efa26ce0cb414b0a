-- Removes single characters. As with Data-Juicer the entries of `chars_to_remove` (of a string: its characters) become
-- a class of a regular expression, joined by bars: with two or more of them the bar is removed too, an entry of
-- several characters falls apart, and ^ - \ ] have their meaning in a class. Prefer replace_content_mapper with a
-- class of your own.
local Mapper = require("dm.base_op").Mapper
local python_regex = require "dm.python.regex"
local text = require "dm.text"

local RemoveSpecificChars = Mapper:extend {
  name = "remove_specific_chars_mapper",
  summary = "Remove certain characters.",
  origin = "Data-Juicer",
  params = {
    {
      "chars_to_remove",
      "string|list",
      default = "◆●■►▼▲▴∆▻▷❖♡□",
      doc = "the characters; none: the text stays as it is",
    },
  },
  examples = {
    { input = { text = "● one ◆two" }, output = { text = " one two" } },
    { params = { chars_to_remove = { "a", "b" } }, input = { text = "a|b|c" }, output = { text = "c" } },
  },
}

---The entries; a string's are its characters.
local function entries(chars)
  if type(chars) == "table" then return chars end
  local list = {}
  for char in (chars or ""):gmatch "[^\128-\191][\128-\191]*" do list[#list + 1] = char end
  return list
end

function RemoveSpecificChars:init()
  local class = table.concat(entries(self.chars_to_remove), "|")
  if class == "" then return end
  if class:find "[%^%-\\%[%]]" then
    self.re = python_regex.compile("[" .. class .. "]")
  else
    self.set = text.charset { class }
  end
end

function RemoveSpecificChars:execute(sample)
  local s = self:get_text(sample)
  if self.set then
    s = self.set:replace(s, "")
  elseif self.re then
    s = self.re:replace(s, "")
  end
  self:set_text(sample, s)
end

return RemoveSpecificChars
