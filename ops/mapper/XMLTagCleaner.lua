-- Turns XML into indented text: names, attributes (@name), text (#text). Samples whose fileType is not "xml" pass
-- untouched; what is no XML, or declares entities, is rejected. Only the encodings that expat knows may be declared.
-- As in DataMate the texts of elements of one name are joined without anything between: of <b>1</b><b>3</b> 13 is
-- left. Prefer replace_content_mapper with the pattern <[^>]*> to have text only.
local ffi = require "ffi"
local datamate = require "dm.datamate"
local failure = require "dm.datamate.failure"
local kernel = require "dm.text.kernel"
local text = require "dm.text"

local C, out, err = ffi.C, ffi.C.dm_text_out(), ffi.new "struct dm_error"

local XMLTagCleaner = datamate.TextMapper:extend {
  name = "XMLTagCleaner",
  summary = "Turn XML into indented text.",
  examples = {
    {
      input = { text = '<a x="1"><b>2</b></a>', fileType = "xml" },
      output = { text = "a: \n @x: 1\n b: 2", fileType = "xml" },
    },
    { input = { text = "<a>1</a>", fileType = "txt" }, output = { text = "<a>1</a>", fileType = "txt" } },
  },
}

function XMLTagCleaner:init() kernel.load(C.dm_xml_load) end -- luacheck: ignore 212/self

function XMLTagCleaner:execute(sample)
  if sample[self.fileType_key] == "xml" then datamate.TextMapper.execute(self, sample) end
end

function XMLTagCleaner:clean(s) -- luacheck: ignore 212/self
  local status = C.dm_text_xml(s, #s, out, err)
  if status == C.DM_EINPUT or status == C.DM_EUSAGE then
    local code = status == C.DM_EINPUT and 81001 or 81002
    failure.raise("RuntimeError", ("(%d, '%s')"):format(code, ffi.string(err.text)))
  end
  return text.strip(text.made(status, s))
end

return XMLTagCleaner
