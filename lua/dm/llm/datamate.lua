-- What DataMate's LLM operators share: where their results go, how they fill in templates, which failures they bear.
local ffi = require "ffi"
local failure = require "dm.datamate.failure"
local sample_module = require "dm.sample"

local C = ffi.C
local err = ffi.new "struct dm_error"

local M = {}

---Parameters of DataMate's that mean nothing here.
M.PARAMS = {
  { "taskId", "string", doc = "DataMate's; not looked at" },
}

---Keeps an operator's results: in the file export_path/FILEID.jsonl as DataMate does, where the text is replaced too;
---a sample without export_path keeps its text and gets them as a field.
---@param op dm.BaseOp
---@param sample table|ffi.cdata*
---@param lines string[] the results as JSON, one a line
---@param text string what DataMate makes of the text
function M.keep(op, sample, lines, text)
  local folder = sample[op.export_path_key]
  if type(folder) ~= "string" or folder == "" then
    local results = sample_module.array {}
    for i, line in ipairs(lines) do results[i] = sample_module.parse(line) end
    sample[op.answer_key] = results
    return
  end
  local id = tostring(sample[op.fileId_key])
  if id:find "[/%z]" then error(('field "%s" is no name for a file: %q'):format(op.fileId_key, id), 0) end
  if #lines > 0 then
    local content = table.concat(lines, "\n") .. "\n"
    if C.dm_export_write(folder .. "/" .. id .. ".jsonl", content, #content, err) < 0 then
      error(ffi.string(err.text), 0)
    end
  end
  op:set_text(sample, text)
end

---What stands between braces from `at` on, or a failure in Python's words.
local function field_at(template, at)
  local field = template:match("^{([^{}]*)}", at)
  if field then return field end
  if at == #template then failure.raise("ValueError", "Single '{' encountered in format string") end
  if template:find("{", at + 1, true) then failure.raise("ValueError", "unexpected '{' in field name") end
  failure.raise("ValueError", "expected '}' before end of string")
end

---The value of a field; one without a name, or with a number, would be an argument that nobody gave.
local function value_of(field, values)
  local name, behind = field:match "^([^!:.%[]*)(.*)$"
  if name:find "^%d*$" then
    local message = "Replacement index %d out of range for positional args tuple"
    failure.raise("IndexError", message:format(tonumber(name) or 0))
  end
  local value = values[name] or failure.raise("KeyError", ("'%s'"):format(name))
  if behind ~= "" and behind ~= "!s" then
    failure.raise("ValueError", ("{%s}: only {%s} is supported"):format(field, name))
  end
  return value
end

---A template as Python's str.format fills it. What the values hold is not looked at.
---@param template string
---@param values table<string, string> by name
---@return string
function M.format(template, values)
  local out, at = {}, 1
  while true do
    local brace = template:find("[{}]", at)
    out[#out + 1] = template:sub(at, (brace or 0) - 1)
    if not brace then return table.concat(out) end
    local c = template:sub(brace, brace)
    if template:sub(brace + 1, brace + 1) == c then
      out[#out + 1], at = c, brace + 2
    elseif c == "}" then
      failure.raise("ValueError", "Single '}' encountered in format string")
    else
      local field = field_at(template, brace)
      out[#out + 1], at = value_of(field, values), brace + #field + 2
    end
  end
end

---The model's answer, or nil when there is none: DataMate's operators go on without. Errors of the run are none of
---theirs.
---@param op dm.BaseOp
---@param prompt string
---@return string?
function M.ask(op, prompt)
  local ok, reply = pcall(op.llm.chat, op.llm, prompt)
  if ok and reply.text ~= "" then return reply.text end
  if not ok and type(reply) == "table" and reply.ends_run then error(reply, 0) end
end

return M
