-- Writes host/text/charmap_table.h and host/text/entity_table.h. Run from the top of the repository:
--   build/dmhost lua host/text/gen_fix_tables.lua
-- Source: Python's codecs and its html.entities (python3), which ftfy (https://github.com/rspeer/python-ftfy) uses.

---Runs a Python program; what it prints.
local function python(program)
  local pipe = assert(io.popen("python3 - <<'END'\n" .. program .. "\nEND"))
  local text = pipe:read "*a"
  assert(pipe:close() ~= false and #text > 0, "python3 gave no data")
  return text
end

local function write(path, guard, about, body)
  local f = assert(io.open(path, "wb"))
  f:write("/* ", about, "\n * Made by host/text/gen_fix_tables.lua; do not edit. */\n", "#ifndef ", guard, "\n#define ",
    guard, "\n\n/* clang-format off */\n", body, "\n#endif\n")
  f:close()
end

-- Bytes that a code page leaves out stand for the control characters of Latin-1, as on the Web.
write("host/text/charmap_table.h", "DM_TEXT_CHARMAP_TABLE_H",
  "What the bytes 0x80 to 0xFF mean in code pages, from Python's codecs.", python [[
pages = ["cp1252", "cp1251", "cp1250", "cp1253", "cp1254", "cp1257", "iso8859-2", "mac_roman", "cp437"]
print("#include <stdint.h>\n")
print("/* %s */" % ", ".join(pages))
print("static const uint16_t charmap_pages[][128] = {")
for page in pages:
    chars = [bytes([b]).decode(page, "replace") for b in range(128, 256)]
    codes = [ord(c) if c != "\ufffd" else 128 + i for i, c in enumerate(chars)]
    print("    {")
    for i in range(0, 128, 12):
        print("        " + " ".join("0x%04X," % c for c in codes[i:i + 12]))
    print("    },")
print("};")]])

-- Names as HTML has them, some also without a semicolon; and as ftfy adds them, in capitals where no other name is
-- the same.
write("host/text/entity_table.h", "DM_TEXT_ENTITY_TABLE_H",
  "Named character references of HTML in ascending order, and what they stand for; with names in capitals that\n"
  .. " * only ftfy knows, from Python's html.entities.", python [[
import html, html.entities
table = {}
for name, value in html.entities.html5.items():
    table[name] = (value, 1)
    if name.endswith(";"):
        capitals = "&" + name.upper()
        if name == name.lower() and html.unescape(capitals) == capitals:
            table[name.upper()] = (value.upper(), 0)
def c(s):
    return '"' + "".join("\\%03o" % b for b in s.encode()) + '"'
print("#include <stdint.h>\n")
print("static const struct entity {\n    char name[33];\n    uint8_t html;\n    char value[8];\n} entities[] = {")
for name in sorted(table):
    print('    {"%s", %d, %s},' % (name, table[name][1], c(table[name][0])))
print("};")]])
