-- How DataMate reads files and what it names those that it exports: what was recorded of both, and where we differ.
local bytes = require "dm.bytes"
local FileExporter = require "dm.datamate.exporter"
local ReadFile = require "dm.datamate.read_file"
local failure = require "dm.datamate.failure"
local t = require "tests.support"

describe("DataMate's read_file", function()
  after_each(t.clean)

  it("makes the same text of the same bytes, or the same error", function()
    local path = t.scratch() .. "/file"
    local list = t.json_lines "tests/datamate/read_file.jsonl"
    assert.equal(25, #list)
    for i, case in ipairs(list) do
      t.write(path, bytes.from_base64(case.input.bytes_b64))
      local ok, got = pcall(ReadFile.read, {}, path, case.params.fileType)
      local expected = case.output.error
      if expected then
        assert.is_true(not ok and failure.is(got), tostring(got))
        assert.same({ expected.type, i }, { got.type, i })
      else
        assert.same({ case.output.text, i }, { got, i })
      end
    end
  end)
end)

-- Where DataMate loses a file, and its row points at the source or says that it failed.
local OURS = {
  [8] = { "doc.txt", "hello 中文\n" }, -- jsonl is text
  [25] = { "x.txt", "t" },             -- a name can not lead into other folders
}

describe("DataMate's FileExporter", function()
  after_each(t.clean)

  it("gives files the same names, types and contents", function()
    local list = t.json_lines "tests/datamate/file_exporter.jsonl"
    assert.equal(30, #list)
    for i, case in ipairs(list) do
      local staging = t.scratch()
      local input, output = case.input, case.output
      local sample = { text = input.text, data = input.data.b64, fileName = input.fileName, fileType = input.fileType,
        target_type = input.target_type, filePath = input.filePath }
      local op = FileExporter:new { staging = staging }
      op:init()
      local kept = op:execute(sample)
      local wanted, content = OURS[i] and OURS[i][1], OURS[i] and OURS[i][2]
      for name, body in pairs(output.files_b64) do
        -- numbers that keep names apart come when the run commits: see datamate_once_spec
        if not case.existing[name] then wanted, content = name:gsub("_%d(%.txt)$", "%1"), bytes.from_base64(body) end
      end
      assert.same({ wanted ~= nil, i }, { kept, i })
      if wanted then
        assert.same({ wanted, wanted:match "[^.]*$", tostring(#content), i },
          { sample.fileName, sample.fileType, sample.fileSize, i })
        assert.same({ content, i }, { t.read(staging .. "/" .. sample.staged), i })
      end
    end
  end)
end)
