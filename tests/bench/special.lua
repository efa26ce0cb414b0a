-- Prints Data-Juicer's special characters as a JSON list of code points, for the peers.
local function encode(c)
  if c < 0x80 then return string.char(c) end
  if c < 0x800 then return string.char(0xC0 + bit.rshift(c, 6), 0x80 + c % 64) end
  if c < 0x10000 then return string.char(0xE0 + bit.rshift(c, 12), 0x80 + bit.rshift(c, 6) % 64, 0x80 + c % 64) end
  return string.char(0xF0 + bit.rshift(c, 18), 0x80 + bit.rshift(c, 12) % 64, 0x80 + bit.rshift(c, 6) % 64,
    0x80 + c % 64)
end

local list = {}
for c = 0, 0x10FFFF do
  local surrogate = c >= 0xD800 and c <= 0xDFFF
  if not surrogate and require("dm.text").special(encode(c)) == 1 then list[#list + 1] = c end
end
io.write("[", table.concat(list, ","), "]\n")
