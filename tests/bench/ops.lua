-- make bench-ops: MB/s of text per core of every operator, on the corpus of tests/bench/corpus.lua; the slowest last.
-- Each runs alone over plain samples, with its defaults, PARAMS or what its first example gives it.
-- Writes tests/bench/OPS.md.
local dm = require "dm"
local json = require "dm.json"
local registry = require "dm.registry"
local sample = require "dm.sample"
local timing = require "tests.bench.timing"

local CORPUS, BYTES, FLOOR = "build/bench/200M.jsonl", 20e6, 60
local FOLDER = timing.first_line "mktemp -d -p ${BENCH_DIR:-/dev/shm}" -- in memory, for an operator that writes files

---Where an example's parameters would make a sample of every few characters.
local PARAMS = { text_chunk_mapper = { max_len = 800 } }

---MB/s that DataMate's own operators reached in CPython 3.11 on one core of such a machine: `execute` alone, without
---Ray, on 1 MB of Chinese and English; those that are quadratic in the text on 0.16 MB.
local REFERENCE = {
  ContentCleaner = 227, InvisibleCharactersCleaner = 213, GrableCharactersCleaner = 194,
  DuplicateSentencesFilter = 131, UnicodeSpaceCleaner = 97, FileWithHighSpecialCharRateFilter = 84,
  FileWithShortOrLongLengthFilter = 75, HtmlTagCleaner = 59, LegendCleaner = 51, AnonymizedUrlCleaner = 43,
  FullWidthCharacterCleaner = 24, FileWithHighRepeatWordRateFilter = 22, PoliticalWordCleaner = 22,
  ExtraSpaceCleaner = 19, FileWithManySensitiveWordsFilter = 18, AnonymizedIpAddress = 13,
  TraditionalChineseCleaner = 11, AnonymizedPhoneNumber = 11, EmojiCleaner = 3.3,
  FileWithHighRepeatPhraseRateFilter = 0.9, EmailNumberCleaner = 0.68, AnonymizedCreditCardNumber = 0.66,
  AnonymizedIdNumber = 0.54,
}

---Texts from all over the corpus, and their bytes.
local function read_texts()
  local texts, bytes, every, n = {}, 0, 10, 0
  for line in io.lines(CORPUS) do
    n = n + 1
    if n % every == 0 then
      local text = json.decode(line).text
      texts[#texts + 1], bytes = text, bytes + #text
      if bytes > BYTES then break end
    end
  end
  return texts, bytes
end

---What an operator needs beside its text.
local function make(class)
  local ok, op = pcall(class, PARAMS[class.name] or {})
  if ok then return op end
  for _, example in ipairs(class.examples) do
    ok, op = pcall(class, example.params or {})
    if ok then return op end
  end
end

---Gives back the samples that a slicer made, as a worker does.
local function release(list)
  for _, made in ipairs(type(list) == "table" and list or {}) do
    if type(made) == "cdata" then sample.release(made) end
  end
end

---Seconds that one pass over the texts takes, the best of three.
local function measure(op, texts)
  local best = math.huge
  for pass = 1, 3 do
    local samples, folder = {}, FOLDER .. "/" .. pass -- a new one, as a task has
    for i, text in ipairs(texts) do
      samples[i] = { text = text, data = "", fileName = "a.txt", fileType = "txt", fileId = tostring(i),
        filePath = "/a.txt", instance_id = "1", meta = {}, export_path = folder }
    end
    if op.kind == "slicer" then
      for i, s in ipairs(samples) do samples[i] = dm.sample(s) end
    end
    collectgarbage()
    local began = os.clock()
    for i = 1, #samples do
      if op.kind == "slicer" then
        release(select(2, pcall(op.slice, op, samples[i])))
      else
        pcall(op.execute, op, samples[i])
      end
    end
    best = math.min(best, os.clock() - began)
  end
  return best
end

---Every operator that can be made, with what it reached; the quickest first.
local function measure_all(texts, bytes)
  local results = {}
  for _, name in ipairs(registry.builtin_names()) do
    local class = assert(registry.get(name))
    local op = not class.waits and make(class) -- a model's speed is not ours
    if op then
      results[#results + 1] = { name = name, kind = class.kind, origin = class.origin or "",
        rate = bytes / measure(op, texts) / 1e6, bound = class.cost }
    end
  end
  table.sort(results, function(a, b) return a.rate > b.rate end)
  return results
end

---The row of an operator.
local function row(r)
  local rate = r.rate < 20000 and ("%.0f"):format(r.rate) or "does not read the text"
  local reference = REFERENCE[r.name]
  return ("| %s | %s | %s | %s | %s | %s |"):format(r.name, r.kind, r.origin, rate,
    reference and ("%s (%.0f x)"):format(reference, r.rate / reference) or "",
    r.rate < FLOOR and (r.bound or "**nothing said**") or "")
end

---What stands above the table.
local function head(results, bytes)
  local model = timing.first_line "sed -n 's/^model name.*: //p' /proc/cpuinfo"
  local slowest = results[#results]
  return { "# Operators, one by one\n", ("MB/s of text on one core of %s, over %.0f MB of documents in many "
    .. "languages; `make bench-ops`.\nCPython's are those of DataMate's own code, measured once on such a machine.\n"
    .. "The slowest is %s, with %.1f.\n"):format(model, bytes / 1e6, slowest.name, slowest.rate),
    "| operator | kind | of | MB/s | CPython's | what bounds it, below " .. FLOOR .. " |",
    "| --- | --- | --- | --- | --- | --- |" }
end

local function main()
  local texts, bytes = read_texts()
  local results = measure_all(texts, bytes)
  local out = head(results, bytes)
  for _, r in ipairs(results) do out[#out + 1] = row(r) end
  local text = table.concat(out, "\n") .. "\n"
  print(text)
  local file = assert(io.open("tests/bench/OPS.md", "w"))
  file:write(text)
  assert(file:close())
end

main()
os.execute("rm -rf " .. FOLDER)
