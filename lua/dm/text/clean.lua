-- What Data-Juicer's mappers take out of texts, one verb each, exactly as its patterns do and in linear time.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local template = require "dm.text.template"
local C = ffi.C

local M = {}

local out, result = kernel.out, kernel.result
local ip_template = template.fixed(1)
local repeat_options = ffi.new "struct dm_repeat_options"

---Without the first /* */ comment when it holds "copyright"; in a text that has no such comment, without the
---leading lines that are empty or begin with //, # or --.
---@param s string
---@return string
function M.copyright(s) return kernel.cut(C.dm_text_find_copyright, s) end

---Marks of punctuation as ASCII.
---@param s string
---@return string
function M.punctuation(s) return result(C.dm_text_punctuation(s, #s, out), s) end

---Replaces IP addresses.
---@param s string
---@param repl string? in Python's notation; \g<0> is the address
---@return string
function M.ips(s, repl) return result(C.dm_text_ips(s, #s, ip_template(repl or ""), out), s) end

---Without tables: two or more lines with the same number of columns, separated by spaces, TABs or bars.
---@param s string
---@param min_columns integer
---@param max_columns integer at most 100
---@return string
function M.tables(s, min_columns, max_columns)
  return result(C.dm_text_tables(s, #s, min_columns, max_columns, out), s)
end

---Only words of a certain length, as they are or without special characters at their ends. Separators between
---them become one, empty lines go.
---@param s string
---@param min number code points
---@param max number
---@return string
function M.long_words(s, min, max) return result(C.dm_text_sift_lengths(s, #s, min, max, out), s) end

---A function that drops the words which hold one of the parts; separators as for long_words.
---@param parts string[]
---@return fun(s: string): string
function M.words_with(parts)
  local spans, held = ffi.new("struct dm_span[?]", math.max(#parts, 1)), {}
  for i, part in ipairs(parts) do
    spans[i - 1].p, spans[i - 1].n, held[i] = part, #part, part
  end
  return function(s) return result(C.dm_text_sift_parts(s, #s, spans, #held, out), s) end
end

---Without sentences that stood in the text before.
---@param s string
---@param lowercase boolean compare in lower case
---@param plain boolean compare letters, figures, Chinese characters, TABs and spaces alone
---@param min_length integer shorter sentences stay, counted as they are compared
---@return string
function M.repeated_sentences(s, lowercase, plain, min_length)
  repeat_options.lowercase, repeat_options.plain = lowercase and 1 or 0, plain and 1 or 0
  repeat_options.min_length = min_length
  return result(C.dm_text_repeats(s, #s, repeat_options, out), s)
end

return M
