-- Cuts a LaTeX source off at the first \appendix, \begin{references}, \begin{REFERENCES}, \begin{thebibliography} or
-- \bibliography{...}.
local Mapper = require("dm.base_op").Mapper
local latex = require "dm.text.latex"

local RemoveBibliography = Mapper:extend {
  name = "remove_bibliography_mapper",
  summary = "Remove the bibliography at the end of a LaTeX source.",
  origin = "Data-Juicer",
  examples = { { input = { text = "text\n\\bibliography{refs}\n\\end" }, output = { text = "text\n" } } },
}

function RemoveBibliography:execute(sample)
  self:set_text(sample, latex.bibliography(self:get_text(sample)))
end

return RemoveBibliography
