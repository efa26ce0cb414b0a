-- What an operator does to a sample depends on the sample alone: every operator gives the same for rows in another
-- order, after others, and a second time.
local registry = require "dm.registry"
local sample = require "dm.sample"

local TEXTS = {
  "", "a", "plain words of some length, and more of them", "数据清洗变得越来越重要。数据清洗！",
  "see https://a.org/b?c=1 or write to a.b@c.org, 10.0.0.1", "line one\nline two\r\nline three\n\nline five",
  "<p>Hello <b>world</b> &amp; all</p><table><tr><td>1</td><td>2</td></tr></table>",
  "😀 emoji, naïve café, ＦＵＬＬ ｗｉｄｔｈ", ("again and again "):rep(40), "% comment\n\\section{x} text \\cite{y}",
  "/* Copyright 2020 */ int x;", "繁體中文與简体中文 13800138000",
}

local function rows(backwards)
  local list = {}
  for i = 1, #TEXTS do
    local text = TEXTS[backwards and #TEXTS + 1 - i or i]
    list[i] = { text = text, data = "", fileName = "a.txt", fileType = "txt", fileId = "1", filePath = "/a.txt",
      instance_id = "1", meta = { n = #text }, __dj__suffix__ = ".txt" }
  end
  return list
end

---The outcome as text, so that it can be compared.
local function outcome(op, row)
  local s = sample.sample(row)
  if op.kind == "slicer" then
    local ok, list = pcall(op.slice, op, s)
    if not ok then return "raised " .. tostring(list) end
    for i, v in ipairs(list) do list[i] = tostring(type(v) == "table" and sample.sample(v) or v) end
    return table.concat(list, "\n")
  end
  local ok, result = pcall(op.execute, op, s)
  if not ok then return "raised " .. tostring(result) end
  if op.kind == "filter" then return tostring(result) .. tostring(s) end
  return tostring(type(result) == "table" and sample.sample(result) or result or s)
end

local function outcomes(op, backwards)
  local by_text = {}
  for _, row in ipairs(rows(backwards)) do by_text[row.text] = outcome(op, row) end
  return by_text
end

-- An operator; a model that it asks answers the same to the same question.
local function make(class, params)
  local op = class(params)
  local model = { chat = function(_, prompt)
    local n = #sample.json(prompt)
    return { text = ('{"score": %d} 结果：%s'):format(n % 5, n % 2 == 0 and "Y" or "N") }
  end }
  op.llm = op.waits and model or op.llm
  return op
end

describe("order of rows does not matter to", function()
  for _, name in ipairs(registry.builtin_names()) do
    it(name, function()
      local class = registry.get(name)
      local params = class.examples[1].params or {}
      local forwards = outcomes(make(class, params), false)
      local op = make(class, params)
      assert.same(forwards, outcomes(op, true))
      assert.same(forwards, outcomes(op, false))
    end)
  end
end)
