-- Where the peers' own operators take time that grows with the square of the text: the same texts here.
--   dmhost lua -e 'print(table.concat(require("tests.bench.quadratic").report(), "\n"))'
local registry = require "dm.registry"

local M = {}

---A text of k lines, each with one thing to find.
local function lines(k, format)
  local list = {}
  for i = 1, k do list[i] = format:format(i) end
  return table.concat(list, "\n")
end

---A number of sixteen digits with a check digit (Luhn).
local function card(i)
  local digits, sum = ("4%014d"):format(i), 0
  for at = 15, 1, -1 do
    local digit = tonumber(digits:sub(at, at)) * (at % 2 == 1 and 2 or 1)
    sum = sum + (digit > 9 and digit - 9 or digit)
  end
  return digits .. (10 - sum % 10) % 10
end

local function cards(k)
  local list = {}
  for i = 1, k do list[i] = "card " .. card(i) .. " here" end
  return table.concat(list, "\n")
end

local function ids(k)
  local list = {}
  for i = 1, k do list[i] = ("id 110105%d1231%03dX here"):format(1900 + i % 100, math.floor(i / 100) % 1000) end
  return table.concat(list, "\n")
end

---What is measured: a text of size k; seconds of the peer's own code in CPython 3.11, by k, on a machine like those of
---the reports (DataMate), where they are known.
local CASES = {
  { "EmailNumberCleaner", "k lines with an address", function(k) return lines(k, "write to user%d@example.com now") end,
    { [500] = 0.08, [1000] = 0.20, [2000] = 0.58, [4000] = 1.88 } },
  { "AnonymizedIdNumber", "k lines with a number", ids,
    { [500] = 0.07, [1000] = 0.24, [2000] = 0.74, [4000] = 2.49 } },
  { "AnonymizedCreditCardNumber", "k lines with a number", cards,
    { [500] = 0.10, [1000] = 0.35, [2000] = 1.35, [4000] = 5.15 } },
  { "FileWithShortOrLongLengthFilter", "5 k spaces inside", function(k) return "a" .. (" "):rep(5 * k) .. "b" end,
    { [4000] = 0.85 } },
  { "HtmlTagCleaner", "k open tags", function(k) return ("<a "):rep(k) end, {} },
  { "LegendCleaner", "k captions", function(k) return lines(k, "Figure %d a caption") end, {} },
  { "KnowledgeRelationSlice", "k lines", function(k) return lines(k, "第%d行说的是河流与城市，以及住在那里的人们。") end, {} },
  { "clean_links_mapper", "k parentheses after a scheme", function(k) return "http://a" .. ("("):rep(k) end, {} },
  { "clean_email_mapper", "k name characters, no sign", function(k) return ("a."):rep(k) end, {} },
  { "remove_repeat_sentences_mapper", "k sentences", function(k) return lines(k, "Sentence %d is here.") end, {} },
}

local SIZES = { 500, 1000, 2000, 4000, 64000 }

---Seconds of processor time that a text takes an operator; of short times the mean of many.
local function seconds(op, text)
  op:execute { text = text, data = "", fileName = "a.txt", fileType = "txt" } -- loads what it needs
  local runs, began = 0, os.clock()
  repeat
    op:execute { text = text, data = "", fileName = "a.txt", fileType = "txt" }
    runs = runs + 1
  until os.clock() - began > 0.02
  return (os.clock() - began) / runs
end

local function cell(op, case, k)
  local own = seconds(op, case[3](k)) * 1000
  local peer = case[4][k]
  return ("%.3g ms"):format(own) .. (peer and (", CPython %.0f ms"):format(peer * 1000) or "")
end

---A table of how long each case takes.
---@return string[] lines of markdown
function M.report()
  local out = { "| operator | text | " .. table.concat(SIZES, " | ") .. " |",
    "| --- | --- |" .. (" --- |"):rep(#SIZES) }
  for _, case in ipairs(CASES) do
    local op, cells = registry.get(case[1]) {}, {}
    for i, k in ipairs(SIZES) do cells[i] = cell(op, case, k) end
    out[#out + 1] = ("| %s | %s | %s |"):format(case[1], case[2], table.concat(cells, " | "))
  end
  return out
end

return M
