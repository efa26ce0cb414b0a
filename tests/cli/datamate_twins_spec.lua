-- DuplicateFilesFilter in tasks of DataMate: the twins that were recorded, and always the same one that stays.
local datamate = require "tests.datamate.support"
local ffi = require "ffi"
local t = require "tests.support"

---Sentences number `from` to `to`.
local function sentences(from, to)
  local list = {}
  for i = from, to do list[#list + 1] = ("Sentence number %d of all"):format(i) end
  return table.concat(list, ". ")
end

---Files in groups of three: one, its twin, and another.
local function groups(n)
  local list = {}
  for i = 1, n do
    local first = i % 3 == 0 and 100000 + 100 * i or 100 * (i - i % 3)
    list[i] = { ("f%03d.txt"):format(i), sentences(first, first + 30) }
  end
  return list
end

---The names of exported files.
local function names(task)
  local list = {}
  for path in pairs(task:files()) do list[#list + 1] = path end
  table.sort(list)
  return list
end

---Signatures, of which each has so large a share of its places from an earlier one, or from one that all share.
local function signatures(n, share, from_one)
  local list = {}
  for i = 1, n do
    local signature, earlier = ffi.new "uint32_t[128]", list[from_one and 1 or math.random(math.max(i - 1, 1))]
    for k = 0, 127 do
      signature[k] = earlier and math.random() < share and earlier[k] or math.random(0, 2 ^ 31)
    end
    list[i] = signature
  end
  return list
end

local function common(a, b)
  local n = 0
  for k = 0, 127 do n = n + (a[k] == b[k] and 1 or 0) end
  return n
end

describe("DuplicateFilesFilter", function()
  teardown(t.clean)

  it("finds the first of the signatures that are alike, as if it compared all", function()
    math.randomseed(8)
    for _, least in ipairs { 0, 1, 13, 64, 96, 127, 128, 129 } do
      for _, share in ipairs { least / 128, 0.55 } do
        for _, from_one in ipairs { true, false } do
          local twins = ffi.gc(ffi.C.dm_twins_create(least), ffi.C.dm_twins_destroy)
          local kept, list = {}, signatures(400, share, from_one)
          for i, signature in ipairs(list) do
            if i > 200 then ffi.C.dm_twins_count(twins, signature) end
          end
          for _, signature in ipairs(list) do
            local want = -1
            for i, other in ipairs(kept) do
              if common(other, signature) >= least then
                want = i - 1
                break
              end
            end
            assert.equal(want, tonumber(ffi.C.dm_twins_find(twins, signature)), least .. " of " .. share)
            if want == -1 or #kept % 2 == 1 then
              kept[#kept + 1] = signature
              assert.equal(0, ffi.C.dm_twins_keep(twins, signature))
            end
          end
        end
      end
    end
  end)

  it("keeps the first of twins, however many workers there are", function()
    local want
    for _, workers in ipairs { 0, 1, 4 } do
      local task = datamate.task(datamate.sqlite, { files = groups(150),
        process = "- ExtraSpaceCleaner: {}\n- DuplicateFilesFilter: {}\n- UnicodeSpaceCleaner: {}" })
      assert.equal(0, (task:run("-q -j " .. workers)))
      task:assert_once(150)
      want = want or names(task)
      assert.equal(100, #want)
      assert.same(want, names(task))
      assert.truthy(t.read(task.flow .. "/.dmhost/ledger.jsonl"):find("nearly the text of f001.txt", 1, true))
    end
  end)

  it("does not take files for twins of themselves when the task is submitted again", function()
    local task = datamate.task(datamate.sqlite, { files = groups(9),
      process = "- DuplicateFilesFilter: {}\n- XMLTagCleaner: {}" })
    local rows = t.read(task.flow .. "/dataset.jsonl")
    t.write(task.flow .. "/dataset.jsonl", (rows:gsub('"fileType":"txt"', '"fileType":"xml"', 2)))
    t.write(task.root .. "/src/1", "<a>" .. sentences(0, 30) .. "</a>")
    assert.equal(0, (task:run()))
    local first, exported = task:results(), names(task)
    assert.equal(0, (task:run()))
    assert.same(exported, names(task))
    for i, r in ipairs(task:results()) do assert.equal(first[i].status, r.status) end
  end)

  it("compares with what an earlier submission finished", function()
    local files = groups(30)
    local task = datamate.task(datamate.sqlite, { files = files, process = "- DuplicateFilesFilter: {}" })
    local rows = t.lines(t.read(task.flow .. "/dataset.jsonl"))
    t.write(task.flow .. "/dataset.jsonl", table.concat(rows, "\n", 1, 13) .. "\n")
    assert.equal(0, (task:run()))
    t.write(task.flow .. "/dataset.jsonl", table.concat(rows, "\n", 14) .. "\n")
    assert.equal(0, (task:run()))
    task:assert_once(30)
    local whole = datamate.task(datamate.sqlite, { files = files, process = "- DuplicateFilesFilter: {}" })
    assert.equal(0, (whole:run()))
    assert.same(names(whole), names(task))
  end)

  it("goes on when an earlier submission had no text to keep", function()
    local task = datamate.task(datamate.sqlite, { files = { { "a.txt", "" }, { "b.txt", "some text" } },
      process = "- DuplicateFilesFilter: {}" })
    local rows = t.lines(t.read(task.flow .. "/dataset.jsonl"))
    for _, row in ipairs(rows) do
      t.write(task.flow .. "/dataset.jsonl", row .. "\n")
      assert.equal(0, (task:run()))
    end
    assert.same({ "b.txt" }, names(task))
  end)

  it("may stand in a task more than once", function()
    local task = datamate.task(datamate.sqlite, { files = groups(12),
      process = "- DuplicateFilesFilter: {fileDuplicateThreshold: 1}\n- DuplicateFilesFilter: {}" })
    assert.equal(0, (task:run()))
    task:assert_once(12)
    assert.equal(8, #names(task))
  end)

  it("needs a task", function()
    local status, _, message = t.dmhost("run -e " .. t.quote(
      'return dm.pipeline { input = "/dev/null", output = "-", operators = { { "DuplicateFilesFilter" } } }'))
    assert.equal(2, status)
    assert.truthy(message:find("dmhost run process.yaml", 1, true), message)
  end)
end)
