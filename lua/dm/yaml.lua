-- YAML documents, through libyaml (lua-yaml, loaded when the first is read). A document is kept as nodes that know
-- where they stand, so that whoever finds fault with a value can say where it is written.
local ffi = require "ffi"
local installed = require "dm.installed"
local problem = require "dm.problem"
local sample = require "dm.sample"
local scalar = require "dm.yaml.scalar"

local M = {}

---@class dm.YamlNode
---@field kind "scalar"|"list"|"map"
---@field line integer
---@field col integer in bytes, from 1
---@field size integer of what stands there, in bytes of its first line
---@field text string? of a scalar
---@field plain boolean? it has no quotes, so that it may be a number
---@field tag string?
---@field [integer] dm.YamlNode items of a list
---@field entries { key: dm.YamlNode, value: dm.YamlNode }[]? of a map, as they stand; merged ones come last
---@field weight integer how many nodes it is when each alias is written out

local DEPTH = 64 -- deeper than anybody writes
local BYTES = 16 * 1024 * 1024 -- longer too
local WEIGHT = 1000000 -- more nodes than that fit into such a file are there by aliases of aliases only
local BOM = "\239\187\191"
local TAGS = { list = "tag:yaml.org,2002:seq", map = "tag:yaml.org,2002:map" }

---@class dm.YamlReader
---@field path string
---@field lines string[]
---@field shift integer bytes before the first line's text: a byte order mark
---@field next fun(): table? event of libyaml
---@field anchors table<string, dm.YamlNode|false> false: not yet at its end
---@field last { line: integer, column: integer, byte: integer } the place that was looked up last
local Reader = {}
Reader.__index = Reader

local function library()
  local ok, yaml = pcall(installed, "yaml")
  if ok then return yaml end
  problem.raise("reading YAML needs lua-yaml, which can not be loaded", { next = "apt-get install lua-yaml" })
end

---Bytes that characters take, from one on.
---@param line string
---@param at integer the byte at which they begin
---@param count integer
---@return integer at the byte behind them
local function skip(line, at, count)
  while count > 0 and at <= #line do
    local c = line:byte(at)
    at = at + (c < 0x80 and 1 or c < 0xE0 and 2 or c < 0xF0 and 3 or 4)
    count = count - 1
  end
  return at
end

---Byte of a line, from 1, at which its character number `column`, from 0, begins. Most lie behind the last one.
---@param line integer from 1
---@param column integer
---@return integer
function Reader:byte_of(line, column)
  local last = self.last
  if line ~= last.line or column < last.column then last.line, last.column, last.byte = line, 0, 1 end
  last.byte = skip(self.lines[line] or "", last.byte, column - last.column)
  last.column = column
  return last.byte
end

---@param mark { line: integer, column: integer } of libyaml, from 0, in characters
---@return integer line
---@return integer col
function Reader:place(mark)
  local shift = mark.line == 0 and self.shift or 0
  return mark.line + 1, self:byte_of(mark.line + 1, mark.column) + shift
end

---Raises an error about a place.
function Reader:fail(what, line, col, size, next_step)
  problem.raise(what, { at = problem.place(self.path, line, col, size), next = next_step })
end

function Reader:fail_at(node, what, next_step)
  self:fail(what, node.line, node.col, node.size, next_step)
end

---Raises what libyaml says: "PROBLEM at document: 1, line: 2, column: 3\nCONTEXT at line: 1, column: 1\n".
function Reader:fail_syntax(message)
  local what, line, column = message:match "^(.-) at document: %d+, line: (%d+), column: (%d+)"
  what = what or message:match "^(.-) at document" or message
  local context, at_line = message:match "\n(while [^\n]-) at line: (%d+)"
  if context then what = ("%s %s that begins in line %s"):format(what, context, at_line) end
  local n = tonumber(line) or 1
  local text = self.lines[n] or ""
  self:fail("this is not YAML: " .. what, n, self:byte_of(n, (tonumber(column) or 1) - 1), 1,
    text:find "^ *\t" and "YAML is indented with blanks, not with tabs" or nil)
end

function Reader:event()
  local ok, event = pcall(self.next)
  if not ok then self:fail_syntax(tostring(event)) end
  return event
end

---@return dm.YamlNode
function Reader:node_of(event, kind)
  local line, col = self:place(event.start_mark)
  local size = #(self.lines[line] or "") - col + 1
  if event.end_mark.line == event.start_mark.line and event.end_mark.column > event.start_mark.column then
    size = select(2, self:place(event.end_mark)) - col
  end
  return { kind = kind, line = line, col = col, size = math.max(size, 1), tag = event.tag, weight = 1 }
end

---Counts what is in a node. What few lines say by aliases of aliases can be more than fits into any memory.
---@param node dm.YamlNode
---@param child dm.YamlNode
function Reader:weigh(node, child)
  node.weight = node.weight + child.weight
  if node.weight > WEIGHT then self:fail_at(node, ("with its aliases this is more than %d values"):format(WEIGHT)) end
end

---Notes what an anchor stands for; false while it is not at its end.
function Reader:anchor(event, node)
  if event.anchor then self.anchors[event.anchor] = node end
end

function Reader:alias(event)
  local node = self.anchors[event.anchor]
  if node then return node end
  self:fail_at(self:node_of(event), ("*%s is used, but &%s %s"):format(event.anchor, event.anchor,
    node == false and "is around it" or "does not stand before it"))
end

function Reader:scalar(event)
  local node = self:node_of(event, "scalar")
  node.text, node.plain = event.value, event.style == "PLAIN"
  if node.tag and scalar.explicit(node.text, node.tag) == nil then
    self:fail_at(node, ("%s is not what its tag says, %s"):format(node.text, node.tag))
  end
  self:anchor(event, node)
  return node
end

---A list or map, as yet without what is in it.
function Reader:container(event, kind)
  local node = self:node_of(event, kind)
  if node.tag and node.tag ~= TAGS[kind] then self:fail_at(node, ("there are no values of tag %s"):format(node.tag)) end
  return node
end

function Reader:list(event, depth)
  local node = self:container(event, "list")
  self:anchor(event, false)
  local item = self:event()
  while item.type ~= "SEQUENCE_END" do
    local child = self:node(item, depth + 1)
    node[#node + 1] = child
    self:weigh(node, child)
    item = self:event()
  end
  self:anchor(event, node)
  return node
end

---The maps that `<<` puts into another.
function Reader:merged(value)
  if value.kind == "map" then return { value } end
  local list = value.kind == "list" and value or { value }
  for _, item in ipairs(list) do
    if item.kind ~= "map" then self:fail_at(item, "`<<` takes a map or a list of maps") end
  end
  return list
end

---Adds what `<<` brings, as far as the map does not say otherwise.
local function merge(node, by_key, maps)
  for _, map in ipairs(maps) do
    for _, entry in ipairs(map.entries) do
      if not by_key[entry.key.text] then
        by_key[entry.key.text] = entry
        node.entries[#node.entries + 1] = entry
      end
    end
  end
end

function Reader:map(event, depth)
  local node, by_key, maps = self:container(event, "map"), {}, {}
  node.entries = {}
  self:anchor(event, false)
  local item = self:event()
  while item.type ~= "MAPPING_END" do
    local key = self:node(item, depth + 1)
    if key.kind ~= "scalar" then self:fail_at(key, ("a %s can not be a key"):format(key.kind)) end
    local value = self:node(self:event(), depth + 1)
    self:weigh(node, value)
    if key.plain and key.text == "<<" then
      for _, map in ipairs(self:merged(value)) do maps[#maps + 1] = map end
    else
      local first = by_key[key.text]
      if first then
        self:fail_at(key, ('the key "%s" stands in line %d already'):format(key.text, first.key.line),
          "remove one of the two")
      end
      by_key[key.text] = { key = key, value = value }
      node.entries[#node.entries + 1] = by_key[key.text]
    end
    item = self:event()
  end
  merge(node, by_key, maps)
  self:anchor(event, node)
  return node
end

local READ = { SCALAR = Reader.scalar, ALIAS = Reader.alias, SEQUENCE_START = Reader.list, MAPPING_START = Reader.map }

---@return dm.YamlNode
function Reader:node(event, depth)
  if depth > DEPTH then self:fail_at(self:node_of(event), ("nested more than %d deep"):format(DEPTH)) end
  return READ[event.type](self, event, depth)
end

---Raises an error about a byte of the text.
---@param text string
---@param at integer from 1
---@param what string
---@param next_step string?
function Reader:fail_byte(text, at, what, next_step)
  local before = text:sub(1, at - 1)
  local line = select(2, before:gsub("\n", "")) + 1
  self:fail(what, line, #before:match "[^\n]*$" + 1, 1, next_step)
end

---Raises what is in the way: what libyaml does not read, or has no place for.
---@param text string
function Reader:check_bytes(text)
  if #text > BYTES then
    self:fail(("this is longer than %d MiB"):format(BYTES / 1024 / 1024), 1, 1, 1, "a pipeline in YAML is short")
  end
  local good = tonumber(ffi.C.dm_utf8_check(text, #text))
  if good < #text then self:fail_byte(text, good + 1, "this is not UTF-8", "YAML files are read as UTF-8") end
  local at = text:find "[%z\1-\8\11\12\14-\31\127]"
  if at then self:fail_byte(text, at, ("the byte %d can not stand in YAML"):format(text:byte(at))) end
end

---Reads the one document of a file. Raises what is wrong with it, with its place.
---@param path string for messages
---@param text string
---@return dm.YamlNode? root nil of a file without content
function M.parse(path, text)
  local shift = text:sub(1, 3) == BOM and 3 or 0
  local reader = setmetatable({ path = path, lines = {}, shift = shift, anchors = {},
    last = { line = 1, column = 0, byte = 1 } }, Reader)
  reader:check_bytes(text)
  text = text:sub(shift + 1)
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do reader.lines[#reader.lines + 1] = line end
  reader.next = library().parser(text)
  reader:event() -- STREAM_START
  local event = reader:event()
  if event.type == "STREAM_END" then return nil end
  local root = reader:node(reader:event(), 1)
  reader:event() -- DOCUMENT_END
  event = reader:event()
  if event.type ~= "STREAM_END" then
    local line, col = reader:place(event.start_mark)
    reader:fail("a second document begins here", line, col, 3, "a file holds one")
  end
  return root
end

---The value of a key of a map, and the key itself.
---@param node dm.YamlNode
---@param name string
---@return dm.YamlNode? value
---@return dm.YamlNode? key
function M.get(node, name)
  for _, entry in ipairs(node.entries or {}) do
    if entry.key.text == name then return entry.value, entry.key end
  end
end

local function scalar_value(node, exponents)
  if node.tag then return scalar.explicit(node.text, node.tag) end
  if not node.plain then return node.text end
  return scalar.implicit(node.text, exponents)
end

---A node as Lua: strings, numbers, booleans, dm.null, tables; lists are made by dm.array.
---@param node dm.YamlNode
---@param exponents boolean? whether 1e5 is a number, as in recipes of Data-Juicer
---@return any
function M.value(node, exponents)
  if node.kind == "scalar" then return scalar_value(node, exponents) end
  local made = {}
  if node.kind == "list" then
    for i, item in ipairs(node) do made[i] = M.value(item, exponents) end
    return sample.array(made)
  end
  for _, entry in ipairs(node.entries) do made[entry.key.text] = M.value(entry.value, exponents) end
  return made
end

return M
