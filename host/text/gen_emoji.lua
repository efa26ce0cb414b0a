-- Writes host/text/emoji_table.h. Run from the top of the repository: build/dmhost lua host/text/gen_emoji.lua
-- Source: host/text/emoji_sequences.txt, code points and status of every emoji sequence.

local root, count = { children = {}, order = {} }, 0

---Adds a sequence to the tree.
---@param points integer[]
---@param kind integer 1 a sequence, 2 one that is a component: a skin tone, hair
local function add(points, kind)
  local node = root
  for _, c in ipairs(points) do
    if not node.children[c] then
      node.children[c] = { children = {}, order = {} }
      node.order[#node.order + 1] = c
    end
    node = node.children[c]
  end
  node.kind = kind
end

for line in io.lines "host/text/emoji_sequences.txt" do
  local hex, status = line:match "^([%x ]+)\t(%S+)$"
  if hex then
    local points = {}
    for x in hex:gmatch "%x+" do points[#points + 1] = tonumber(x, 16) end
    add(points, status == "component" and 2 or 1)
    count = count + 1
  end
end
assert(count > 5000)

-- Level by level, so that the children of a node stand in a row.
local queue, rows, next_index = { root }, {}, 1
local head = 1
while queue[head] do
  local node = queue[head]
  table.sort(node.order)
  rows[head] = ("{0x%X, %d, %d, %d}"):format(node.point or 0, next_index, #node.order, node.kind or 0)
  for _, c in ipairs(node.order) do
    local child = node.children[c]
    child.point = c
    queue[#queue + 1] = child
  end
  next_index = next_index + #node.order
  head = head + 1
end

local out = { "/* Every emoji sequence as a tree. Made by host/text/gen_emoji.lua; do not edit. */",
  "#ifndef DM_TEXT_EMOJI_TABLE_H", "#define DM_TEXT_EMOJI_TABLE_H", "", "#include <stdint.h>", "",
  "/* clang-format off */", "/* Node 0 is the root. Children are in order; kind: 1 a sequence ends here, 2 a component. */",
  "struct emoji_node {", "    uint32_t point;", "    uint16_t child, children;", "    uint8_t kind;", "};", "",
  "/* Code points that sequences begin with: the children of the root. */",
  ("enum { EMOJI_FIRST_POINTS = %d };"):format(#root.order), "",
  "static const struct emoji_node emoji_nodes[] = {" }
local line = "   "
for _, row in ipairs(rows) do
  if #line + #row + 2 > 100 then
    out[#out + 1], line = line, "   "
  end
  line = line .. " " .. row .. ","
end
out[#out + 1] = line
out[#out + 1] = "};\n\n#endif\n"
local f = assert(io.open("host/text/emoji_table.h", "wb"))
f:write(table.concat(out, "\n"))
f:close()
