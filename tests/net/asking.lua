-- What specs of runs that ask a model share: an operator that asks, rows for it, and a pipeline of both.
local t = require "tests.support"

local M = {}

---An operator that asks for an answer to each row's text.
M.OPERATOR = [[
local Ask = require("dm.base_op").LLM:extend { name = "ask" }
function Ask:build_llm_prompt(s) return s.text end
]]

local PIPELINE = [[
local dm = require "dm"
%s
%s
return dm.pipeline { input = %q, output = %q, split_size = "1KiB",
  operators = { Ask { url = %q, model = "m", retry_delay = "10ms", %s } } }
]]

---Writes DIR/in.jsonl.
---@param dir string
---@param n integer
---@param text string? of each row, where %d stands for its number
function M.write_rows(dir, n, text)
  local list = {}
  for i = 1, n do list[i] = ('{"id":%d,"text":"%s"}\n'):format(i, (text or "row %d"):format(i)) end
  t.write(dir .. "/in.jsonl", table.concat(list))
end

---Writes DIR/pipeline.lua: DIR/in.jsonl through the operator into DIR/out.jsonl.
---@param dir string
---@param url string of the model
---@param params string? more parameters, as Lua text
---@param before string? Lua text before the pipeline, behind the operator
function M.write_pipeline(dir, url, params, before)
  t.write(dir .. "/pipeline.lua",
    PIPELINE:format(M.OPERATOR, before or "", dir .. "/in.jsonl", dir .. "/out.jsonl", url, params or ""))
end

---How many replies a cache holds.
---@param file string
---@return integer?
function M.count_cached(file)
  local _, out = t.dmhost("cache stats " .. file)
  return tonumber(out:match "replies%s+(%d+)")
end

return M
