-- Texts that were written for wide lines, on a terminal that has no room for them.
local paint_module = require "dm.trace.paint"

---Lines that stand for themselves: indented, of tables, headings.
local function is_fixed(line)
  return line == "" or line:find "^%s%s" ~= nil or line:find "^[|#]" ~= nil
end

---Joins the lines of paragraphs and of items, which begin with "- ", and breaks them anew. Listings stay as they are.
---@param text string Markdown, or plain
---@param columns integer
---@return string
return function(text, columns)
  local out, paragraph, indent, listing = {}, nil, 0, false
  local function finish()
    local lines = paragraph and paint_module.wrap(paragraph, columns, indent)
    for _, line in ipairs(lines or {}) do out[#out + 1] = line end
    paragraph, indent = nil, 0
  end
  for line in text:gmatch "([^\n]*)\n" do
    local is_mark = line:find "^```" ~= nil
    if indent == 2 and paragraph and line:find "^  %S" then line = line:sub(3) end
    if listing or is_mark or is_fixed(line) then
      finish()
      out[#out + 1] = line
    else
      if line:find "^%- " then finish() end
      if not paragraph then indent = line:find "^%- " and 2 or 0 end
      paragraph = paragraph and paragraph .. " " .. line or line
    end
    listing = listing ~= is_mark
  end
  finish()
  return table.concat(out, "\n") .. "\n"
end
