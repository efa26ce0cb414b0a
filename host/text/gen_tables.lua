-- Writes host/text/class_table.h and host/text/case_table.h. Run from the top of the repository:
--   build/dmhost lua host/text/gen_tables.lua
-- Sources: tests/ops/vectors/regex_classes.json (what \w and \d of Python's regex module match) and
-- special_characters.json (Data-Juicer's special characters), and Perl's Unicode data (perl-base).
local json = require "dm.json"

local VECTORS = "tests/ops/vectors/"

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

---Runs a Perl program; it prints one line of numbers for each entry.
---@param program string
---@return integer[][]
local function perl(program)
  local pipe = assert(io.popen("perl -e 'use feature \"unicode_strings\"; " .. program .. "'"))
  local rows = {}
  for line in pipe:lines() do
    local row = {}
    for number in line:gmatch "%-?%d+" do row[#row + 1] = tonumber(number) end
    rows[#rows + 1] = row
  end
  pipe:close()
  assert(#rows > 0, "perl gave no data")
  return rows
end

---Ascending code points -> inclusive ranges.
local function ranges_of(list)
  local ranges = {}
  for _, c in ipairs(list) do
    local last = ranges[#ranges]
    if last and last[2] == c - 1 then last[2] = c else ranges[#ranges + 1] = { c, c } end
  end
  return ranges
end

---The code points of a Perl character class as ranges.
local function perl_class(class)
  local list = {}
  for _, row in ipairs(perl(([[for my $c (0 .. 0x10ffff) { next if $c >= 0xd800 && $c <= 0xdfff;
      print "$c\n" if chr($c) =~ /%s/ }]]):format(class))) do
    list[#list + 1] = row[1]
  end
  return ranges_of(list)
end

---Code points that change case: each row the code point, then what becomes of it.
local function perl_case(fn)
  return perl(([[for my $c (128 .. 0x10ffff) { next if $c >= 0xd800 && $c <= 0xdfff; my $t = %s(chr $c);
      print join(" ", $c, map { ord } split //, $t), "\n" if $t ne chr $c }]]):format(fn))
end

---Runs of code points that move by the same distance, one by one or every other one.
---@return integer[][] runs first, last, step, distance
---@return integer[][] long code points that become several
local function runs_of(rows)
  local runs, long = {}, {}
  for _, row in ipairs(rows) do
    local c, d, last = row[1], row[2] - row[1], runs[#runs]
    local step = last and c - last[2]
    if #row > 2 then
      long[#long + 1] = row
    elseif last and last[4] == d and (step == last[3] or last[1] == last[2] and step <= 2) then
      last[2], last[3] = c, step
    else
      runs[#runs + 1] = { c, c, 1, d }
    end
  end
  return runs, long
end

local function emit(out, declaration, rows)
  out[#out + 1] = "static const " .. declaration .. " = {"
  local line = "   "
  for _, row in ipairs(rows) do
    local item = " {" .. table.concat(row, ", ") .. "},"
    if #line + #item > 100 then
      out[#out + 1], line = line, "   "
    end
    line = line .. item
  end
  out[#out + 1] = line
  out[#out + 1] = "};"
  out[#out + 1] = ""
end

local function write(path, guard, about, tables)
  local out = { "/* " .. about, " * Made by host/text/gen_tables.lua; do not edit. */",
    "#ifndef " .. guard, "#define " .. guard, "", "#include <stdint.h>", "", "/* clang-format off */" }
  for _, t in ipairs(tables) do
    out[#out + 1] = "/* " .. t[1] .. " */"
    emit(out, t[2], t[3])
  end
  out[#out + 1] = "#endif\n"
  local f = assert(io.open(path, "wb"))
  f:write(table.concat(out, "\n"))
  f:close()
end

local classes = json.decode(read(VECTORS .. "regex_classes.json"))
write("host/text/class_table.h", "DM_TEXT_CLASS_TABLE_H",
  "Classes of code points, as inclusive ranges.", {
    { "\\w of Python's regex module: tests/ops/vectors/regex_classes.json.",
      "uint32_t word_ranges[][2]", classes.word },
    { "\\d, from the same file.", "uint32_t digit_ranges[][2]", classes.digit },
    { "Data-Juicer's special characters: tests/ops/vectors/special_characters.json.",
      "uint32_t special_ranges[][2]",
      ranges_of(json.decode(read(VECTORS .. "special_characters.json")).codepoints) },
    { "Unicode's Cased and Case_Ignorable, from Perl's Unicode data.",
      "uint32_t cased_ranges[][2]", perl_class "\\p{Cased}" },
    { "See above.", "uint32_t ignorable_ranges[][2]", perl_class "\\p{Case_Ignorable}" },
    { "\\w of Python's re module but the underscore: letters and numbers, from Perl's Unicode data.",
      "uint32_t alnum_ranges[][2]", perl_class "[\\p{L}\\p{N}]" },
  })

local lower, lower_long = runs_of(perl_case "lc")
local upper, upper_long = runs_of(perl_case "uc")
write("host/text/case_table.h", "DM_TEXT_CASE_TABLE_H",
  "Case of the code points from 128, from Perl's Unicode data (with its special casing).", {
    { "first, last, step, distance: every step-th code point from first to last moves by distance",
      "int32_t lower_runs[][4]", lower },
    { "code point, and the two or three that it becomes", "uint32_t lower_long[][4]", lower_long },
    { "see lower_runs", "int32_t upper_runs[][4]", upper },
    { "see lower_long", "uint32_t upper_long[][4]", upper_long },
  })
