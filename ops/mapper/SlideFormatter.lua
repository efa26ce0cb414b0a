-- Lets samples pass whose fileType names an image of a microscope's slide, and rejects others.
local Mapper = require("dm.base_op").Mapper
local failure = require "dm.datamate.failure"

local SlideFormatter = Mapper:extend {
  name = "SlideFormatter",
  summary = "Reject samples that are no slide images.",
  origin = "DataMate",
  examples = { { input = { fileType = "svs" }, output = { fileType = "svs" } } },
}

local FORMATS = { "svs", "tif", "dcm", "vms", "vmu", "ndpi", "scn", "mrxs", "tiff", "svslide", "bif", "czi", "sdpc" }

function SlideFormatter:execute(sample)
  local given = sample[self.fileType_key]
  for _, format in ipairs(FORMATS) do
    if given == format then return end
  end
  failure.raise("TypeError", ("Format not supported: %s. Supported formats are: %s."):format(
    given == nil and "" or tostring(given), table.concat(FORMATS, ", ")))
end

return SlideFormatter
