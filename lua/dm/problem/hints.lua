-- What to do about Lua's own messages, which tell what a program met and not what its author forgot.
local sorted_keys = require "dm.sorted_keys"
local suggest = require "dm.suggest"

local M = {}

local function function_of_dm(name)
  local near = suggest.nearest(name, sorted_keys(require "dm"))
  return near and ("did you mean `dm.%s`?"):format(near)
end

---What has no method of that name is a text or a table; LuaJIT does not say which.
local function method(name)
  if type(require("dm.text")[name]) == "function" then
    return ("what it does to a text is a function: `dm.text.%s(text)`, see `dmhost help verbs`"):format(name)
  end
  if table[name] then return ("tables have no methods: `table.%s(t, ...)`"):format(name) end
  local near = suggest.nearest(name, sorted_keys(string))
  if near then return ("did you mean `text:%s()`?"):format(near) end
  return "texts have the methods of Lua's `string`, tables none; dm.text's verbs are functions: `dmhost help verbs`"
end

---What is missing where a text ends in the middle of an expression, by its last word.
local function at_the_end(_, at)
  local text = at and at.text and at.text:sub(1, at.col - 1) or ""
  local last = text:match "[%w_]+$" or text:match "[^%w%s_]+$"
  if not last or last:find "[{(,;]$" then return "something that was opened is not closed: a { or a (" end
  return ("the expression ends too early: a value is missing behind %s"):format(last)
end

local NAME_FIELD = 'text_key names the field that holds the text: { "NAME", text_key = "meta.body" }'

---Pattern of the message and what follows from it: a text, or a function of what the pattern caught and of the place.
local HINTS = {
  { "'}' expected.* near '([^']*)'$", function(near)
    if near == "<eof>" then return "a } is missing at the end" end
    if near == "=" then return "a key that is no plain name is written [\"key\"] = value" end
    return ("is a comma missing before %s?"):format(near)
  end },
  { "unexpected symbol near '<eof>'", at_the_end },
  { "'%)' expected.* near '<eof>'", "a ) is missing at the end" },
  { "'%)' expected.* near", "is a ) or a comma missing?" },
  { "unfinished string", "a string ends in its line, with the quote that it began with; [[ ... ]] holds many lines" },
  { "unfinished long string", "a ]] is missing" },
  { "'end' expected", "an `end` is missing" },
  { "'=' or 'in' expected", "`for i = 1, n do` or `for key, value in pairs(t) do`" },
  { "'then' expected near '='", "a comparison is ==" },
  { "'<eof>' expected near '='", "a comparison is ==" },
  { "unexpected symbol near '!'", "\"not equal\" is ~=, \"not\" is `not`" },
  { "global 'dm' %(a nil value%)", 'the file needs `local dm = require "dm"` at its head' },
  { "attempt to call field '([%w_]+)' %(a nil value%)", function_of_dm },
  { "attempt to call global '([%w_]+)' %(a nil value%)", "no function has that name here; is it local to another "
    .. "file, or misspelt?" },
  { "attempt to index field '([%w_]+)' %(a nil value%)", function(name)
    return ("a field that is missing or null reads as nil: `if sample.%s then ... end`"):format(name)
  end },
  { "attempt to concatenate .* %(a nil value%)", "a field that is missing or null reads as nil: `(x or \"\")`" },
  { "attempt to perform arithmetic on .* %(a nil value%)", "a field that is missing or null reads as nil: `(x or 0)`" },
  { "attempt to get length of .* %(a nil value%)", "a field that is missing or null reads as nil: `#(x or \"\")`" },
  { "attempt to call method '([%w_]+)' %(a nil value%)", method },
  { "attempt to compare number with nil", "a field that is missing or null reads as nil: `(x or 0)`" },
  { "is not a value for max_reply$", "a size is for example \"64MiB\"" },
  { "\" is not a value for", "a time is for example \"10s\"" },
  { "^there is a task .* already", "give it another id, or cancel that one before: cancel_task(id)" },
  { "^took longer than", "is it an endless loop? A row that does need longer: raise limits.row_time" },
  { "^needed more than limits%.memory",
    "does a table grow without end? A row that does need more: raise limits.memory" },
  { "^crashed the worker",
    "a crash comes from C: does the operator use FFI? Otherwise it is a fault of dmhost's" },
  { "^closed descriptors", "close only what the operator has opened, by its number, and none of io.stdin, io.stdout "
    .. "and io.stderr" },
  { "^its worker exited", "does an operator call os.exit? error(...) rejects its row" },
  { "^ended the worker with exit", "does an operator call os.exit? error(...) rejects its row" },
  { "^ended the worker with signal", "did the machine run out of memory? `dmesg` would say so" },
  { "^https?://.* can not be reached", "start the server, or give its address as `url`" },
  { "^JSON has no", "test the number first: x == x is false for NaN only, math.huge is infinite" },
  { "can not be written as JSON$", "fields hold strings, numbers, booleans, dm.null and tables of them" },
  { "a Mapper returns its sample",
    "assign to a field: sample.text = ...; to make another row, dm.sample { text = ... }" },
  { "a Slicer's list holds samples", "dm.sample { text = ... } makes one, dm.clone(sample) copies one" },
  { "must return a list of samples", "return { dm.sample { text = ... } }, or self:emit(sample) for each" },
  { 'field "[^"]*" is missing or null', NAME_FIELD },
  { 'field "[^"]*" is .*, not a string', NAME_FIELD },
  { "unpaired surrogate", "half of a pair stands for no character: mend the row where it was made" },
  { "^not valid JSON: expected a value, at byte 1 of the row", "dmhost reads JSONL, an object on each line; of CSV or "
    .. "Parquet `duckdb -c \"COPY (FROM 'x.csv') TO 'x.jsonl'\"` makes it" },
  { "^not valid JSON: a byte order mark",
    "files with one each were joined: `sed 's/\\xEF\\xBB\\xBF//' IN > OUT` removes it" },
  { "^the row is an array", "`jq -c '.[]' IN.json > OUT.jsonl` makes a row of each element" },
  { "^not valid UTF%-8, at byte", "`iconv -f latin1 -t utf-8 IN > OUT` converts a file, if Latin-1 is what it is" },
  { "^nested deeper than", "raise limits.depth in the pipeline" },
  { "^row is longer than limits%.row_size", "raise limits.row_size in the pipeline" },
  { "ends in mid%-stream", "fetch or compress the file again; the rows before the damage are whole" },
  { "No such file or directory$", "relative paths count from the current directory" },
  { "Is a directory$", "a file is needed, not a folder" },
  { "Not a directory$", "a part of the path is a file" },
  { "Permission denied$", "`ls -ld` shows who may read and write it" },
  { "sample kept beyond execute", "state of an operator holds copies: dm.clone(sample), or the strings and numbers "
    .. "themselves" },
  { "is not valid UTF%-8", "bytes in another encoding are no text: leave the field as it is, or make it UTF-8" },
}

---A row that is only the first line of something longer.
local function is_opened(row_text)
  return row_text and row_text:find "^%s*[%[{]%s*$" ~= nil
end

---What `self` has not: no row is to blame for that.
local function of_self(message, at)
  local kind, name = message:match "(%w+) '([%w_]+)' %(a nil value%)"
  if not name or not at or not at.text or not at.text:sub(1, at.col - 1):find "%f[%w_]self[.:]$" then return nil end
  if kind == "method" then return ("the operator has no method %s"):format(name) end
  return ("self.%s is neither a parameter nor set by init"):format(name)
end

---A file of dm.files that is no text.
local function of_file(message, row_text)
  if not row_text or not row_text:find '^{"fileName":' or not message:find 'field "text" is missing' then return nil end
  return 'files that are no text have no field "text": put dm.filter(function(s) return s.text ~= nil, "no text" end) '
    .. "before"
end

---@param message string
---@param row_text string? of the row that it is about
---@param at dm.Place? where it was raised
---@return string? what to do
function M.of(message, row_text, at)
  if is_opened(row_text) then return "a row is one line: `jq -c . IN.json > OUT.jsonl` writes each object in one" end
  local missing = of_self(message, at) or of_file(message, row_text)
  if missing then return missing end
  for _, hint in ipairs(HINTS) do
    local caught = message:match(hint[1])
    if caught and type(hint[2]) == "function" then return hint[2](caught, at) end
    if caught then return hint[2] end
  end
end

return M
