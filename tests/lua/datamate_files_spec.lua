-- Files that DataMate's FileExporter loses, and what we make of them.
local cases = require "tests.datamate.cases"
local t = require "tests.support"

-- Where DataMate loses a file, and its row points at the source or says that it failed.
local OURS = {
  [8] = { "doc.txt", "hello 中文\n" }, -- jsonl is text
  [25] = { "x.txt", "t" },             -- a name can not lead into other folders
}

describe("a file that DataMate loses", function()
  after_each(t.clean)
  local list = t.json_lines "tests/ops/vectors/datamate/_FileExporter.jsonl"
  for line, ours in pairs(OURS) do
    it("is exported here: case " .. line, function() cases.file_exporter(list[line], ours) end)
  end
end)
