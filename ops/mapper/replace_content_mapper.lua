-- Replaces what regular expressions match, one after the other; a dot matches line ends too. Without a pattern the text
-- stays as it is.
local Mapper = require("dm.base_op").Mapper
local python_regex = require "dm.python.regex"

local ReplaceContent = Mapper:extend {
  name = "replace_content_mapper",
  summary = "Replace what regular expressions match.",
  origin = "Data-Juicer",
  params = {
    { "pattern", "string|list", doc = "one regular expression or several, plain or as r'...'" },
    {
      "repl",
      "string|list",
      default = "",
      doc = "what stands in a match's place: one for all patterns, or one for each; \\1 is a group",
    },
  },
  examples = {
    { params = { pattern = "\\d+", repl = "#" }, input = { text = "1 of 20" }, output = { text = "# of #" } },
    {
      params = { pattern = { "(a)(b)", "c" }, repl = { "\\2\\1", "" } },
      input = { text = "abc" },
      output = { text = "ba" },
    },
  },
}

---What replaces the matches of pattern number i.
local function replacement(repl, i)
  if type(repl) ~= "table" then return repl end
  return repl[i] or error(("replace_content_mapper has no repl for pattern %d"):format(i), 0)
end

function ReplaceContent:init()
  local patterns = self.pattern or {}
  if type(patterns) == "string" then patterns = { patterns } end
  self.steps = {}
  for i, pattern in ipairs(patterns) do
    local step = { re = python_regex.compile(pattern, "s"), repl = replacement(self.repl, i) }
    step.re.template(step.repl) -- a group that the pattern does not have fails now, not at the first match
    self.steps[i] = step
  end
end

function ReplaceContent:execute(sample)
  local s = self:get_text(sample)
  for _, step in ipairs(self.steps) do s = step.re:replace(s, step.repl) end
  self:set_text(sample, s)
end

return ReplaceContent
