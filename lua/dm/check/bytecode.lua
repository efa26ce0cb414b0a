-- What the bytecode of a Lua function tells of it: which globals it reads and sets, and which fields of a sample, with
-- line numbers. Nothing is run. Bytecode is of this LuaJIT, so the numbers of instructions are read off little
-- functions whose code is known (https://web.archive.org/web/2022/http://wiki.luajit.org/Bytecode-2.0 names them).
local util = require "jit.util"

local band, rshift = bit.band, bit.rshift

local M = {}

---Operand kinds of an instruction, as lj_bc.h numbers them.
local DST, STR = 1, 10

---@class dm.Instruction
---@field op integer
---@field a integer
---@field b integer
---@field c integer or D, when there is no B
---@field writes boolean it sets register A
---@field text string? a constant string
---@field line integer

---@param fn function|any a prototype
---@param pc integer
---@return dm.Instruction?
local function instruction(fn, pc)
  local word, mode = util.funcbc(fn, pc)
  if not word then return nil end
  local has_b = band(mode, 15 * 8) ~= 0
  local d = rshift(word, 16)
  local c = has_b and band(d, 255) or d
  local is_text = rshift(band(mode, 15 * 128), 7) == STR
  return {
    op = band(word, 255), a = band(rshift(word, 8), 255), b = rshift(word, 24), c = c,
    writes = band(mode, 7) == DST, text = is_text and util.funck(fn, -c - 1) or nil,
    line = util.funcinfo(fn, pc).currentline,
  }
end

---The number of the only instruction of a text that has the constant "x", or stands at a place.
local function opcode(text, pc)
  local fn = assert(loadstring(text))
  for i = 1, 99 do
    local ins = instruction(fn, i)
    if pc and i == pc or not pc and ins.text == "x" then return ins.op end
  end
end

local GGET, GSET = opcode "return x", opcode "x = 1"
local TGETS, TSETS = opcode "local t = ... return t.x", opcode "local t = ... t.x = 1"
local KPRI = opcode("local t = ... t.x = nil", 2)
local MOV = opcode("local a, b = 1 b = a", 3)
local UGET = instruction(function() return util end, 1).op
local CALL, CALLT = opcode("local f = ... f(1) return 1", 4), opcode("local f = ... return f(1)", 4)

---Arguments of a call begin this far behind the function's register.
local ARGS = require("ffi").abi "gc64" and 2 or 1

---Prototypes of the functions that a function holds, itself first.
local function prototypes(fn, list)
  list = list or {}
  list[#list + 1] = fn
  for n = -1, -util.funcinfo(fn).gcconsts, -1 do
    local k = util.funck(fn, n)
    if type(k) == "proto" then prototypes(k, list) end
  end
  return list
end

---Globals that a chunk and the functions in it use, in the order of the code.
---@param chunk function
---@return { name: string, line: integer, set: boolean }[]
function M.globals(chunk)
  local list = {}
  for _, fn in ipairs(prototypes(chunk)) do
    local pc = 1
    local ins = instruction(fn, pc)
    while ins do
      if ins.op == GGET or ins.op == GSET then
        list[#list + 1] = { name = ins.text, line = ins.line, set = ins.op == GSET }
      end
      pc = pc + 1
      ins = instruction(fn, pc)
    end
  end
  return list
end

---@class dm.FieldUse
---@field path string[] such as { "meta", "lang" }
---@field set boolean written, not read
---@field file string
---@field line integer
---@field through string? the operator's method that reads the text field

---What is known of registers while the code of a function is walked through: a path of fields, { self = true }, nil,
---or a function that stood in an upvalue or a method. Code is walked in its order, jumps are not followed: a value that
---comes from two places may be taken for the later one.
local Walk = {}
Walk.__index = Walk

local function joined(path, name)
  local longer = { unpack(path) }
  longer[#longer + 1] = name
  return longer
end

function Walk:note(path, set, line, through)
  self.uses[#self.uses + 1] = { path = path, set = set, file = self.file, line = line, through = through }
end

---A constant field of what a register holds.
function Walk:get_field(ins)
  local from = self.registers[ins.b]
  if not from then return nil end
  if from.self then
    local method = self.op and self.op[ins.text]
    if ins.text == "get_text" then return { get_text = true } end
    return type(method) == "function" and { fn = method } or nil
  end
  if not from.path then return nil end
  local path = joined(from.path, ins.text)
  self:note(path, false, ins.line)
  return { path = path }
end

function Walk:call(ins)
  local callee = self.registers[ins.a]
  for i = 0, ins.c - 2 do
    local arg = self.registers[ins.a + ARGS + i]
    if callee and callee.get_text and arg and arg.path and #arg.path == 0 then
      self:note({}, false, ins.line, "get_text")
    elseif callee and callee.fn and arg and arg.path then
      self:enter(callee.fn, i, arg.path, self.registers[ins.a + ARGS])
    end
  end
  for register in pairs(self.registers) do
    if register >= ins.a then self.registers[register] = nil end
  end
end

---Goes into a function that is given a path as its argument number i, from 0.
function Walk:enter(fn, i, path, first)
  local info = debug.getinfo(fn, "S")
  local key = tostring(fn) .. i .. table.concat(path, "\0")
  if info.what ~= "Lua" or self.seen[key] or #path > 8 then return end
  self.seen[key] = true
  local inner = setmetatable({ uses = self.uses, seen = self.seen, op = self.op,
    registers = { [i] = { path = path } }, file = info.source:gsub("^[@=]", "") }, Walk)
  if i > 0 and first and first.self then inner.registers[0] = first end
  inner:run(fn)
end

local step = {
  [KPRI] = function(_, ins) return ins.c == 0 and { is_nil = true } or nil end,
  [MOV] = function(walk, ins) return walk.registers[ins.c] end,
  [TGETS] = Walk.get_field,
  [UGET] = function(_, ins, fn)
    local _, value = debug.getupvalue(fn, ins.c + 1)
    return type(value) == "function" and { fn = value } or nil
  end,
}

function Walk:run(fn)
  local pc = 1
  local ins = instruction(fn, pc)
  while ins do
    local known = step[ins.op] and step[ins.op](self, ins, fn)
    if ins.op == TSETS then
      local to = self.registers[ins.b]
      local removes = self.registers[ins.a] and self.registers[ins.a].is_nil
      if to and to.path and not removes then self:note(joined(to.path, ins.text), true, ins.line) end
    elseif ins.op == CALL or ins.op == CALLT then
      self:call(ins)
    elseif ins.writes then
      self.registers[ins.a] = known
    end
    pc = pc + 1
    ins = instruction(fn, pc)
  end
end

---The constant fields of a sample that a function reads and writes, and those functions that it hands the sample to.
---@param fn function
---@param slot integer which argument the sample is, from 0
---@param op table? the operator, when argument 0 is `self`
---@return dm.FieldUse[]
function M.fields(fn, slot, op)
  local walk = setmetatable({ uses = {}, seen = {}, op = op, registers = {}, file = "" }, Walk)
  walk:enter(fn, slot, {}, op and { self = true })
  return walk.uses
end

return M
