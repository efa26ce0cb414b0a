-- Puts the values of LaTeX macros without arguments in the place of their names: those defined by \newcommand, then
-- those by \def, if the definition ends its line; each in the whole text before the next. Names in the definitions are
-- replaced too, and as with Data-Juicer the second of two equal names side by side is not.
local Mapper = require("dm.base_op").Mapper
local latex = require "dm.text.latex"

local ExpandMacro = Mapper:extend {
  name = "expand_macro_mapper",
  summary = "Expand the macros that a LaTeX source defines.",
  origin = "Data-Juicer",
  examples = {
    {
      input = { text = "\\newcommand{\\R}{real}\n\\R numbers, \\Rx" },
      output = { text = "\\newcommand{real}{real}\nreal numbers, \\Rx" },
    },
  },
}

function ExpandMacro:execute(sample)
  self:set_text(sample, latex.expand_macros(self:get_text(sample)))
end

return ExpandMacro
