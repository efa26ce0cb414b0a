-- What to do about what LuaJIT's compiler gives up on. What it gives up on and starts again elsewhere is ordinary.
local M = {}

---Pattern of the reason and what to do; false: nothing has to be done.
local ADVICE = {
  { "hook called", false }, -- the profiler's own
  { "^leaving loop", false }, { "^inner loop in root", false }, { "^down%-recursion", false },
  { "^loop unroll limit", false }, { "^call unroll limit", false }, { "^retry recording", false },
  { "^trace too short", false }, { "return to lower frame", false },
  { "bytecode FNEW", "a function is made here for every row; make it once, in init or outside of execute" },
  { "bytecode UCLO", "a function made here keeps a local of execute alive; make it in init, or pass values to it" },
  { "bytecode VARG", "`...` of unknown length is not compiled; name the arguments" },
  { "bytecode ISNEXT", "`pairs` over a table that is no plain one; dm.each, or `for i = 1, #t`" },
  { "bytecode", "this construct is not compiled; keep it out of execute" },
  { "string%.gsub", "Lua's gsub is not compiled; dm.text.regex(...):replace is, and runs in C" },
  { "string%.gmatch", "Lua's gmatch is not compiled; dm.text.regex(...):gmatch is" },
  { "string%.match", "Lua's patterns are not compiled; dm.text.regex(...):find is, or `find(s, word, 1, true)`" },
  { "string%.find", "Lua's patterns are not compiled; dm.text.regex(...):find is, or `find(s, word, 1, true)`" },
  { "string%.format", "this format is not compiled; %d, %s and %g are, or build the text with `..`" },
  { "next", "`next` is not compiled; loop with `for i = 1, #t`" },
  { "pcall error", "an error was raised here; raise for rows that are at fault only" },
  { "FastFunc", "this function of Lua is not compiled; is there a verb of dm.text for it?" },
  { "C function", "a C function called through Lua's own interface is not compiled; FFI is" },
  { "blacklist",
    "the compiler has given up on this for good: Lua's own patterns, functions made here and `...` are beyond it" },
  { "mcode", "the compiled code outgrew its memory: fewer branches, or several operators" },
  { "too many snapshots", "too many branches in one loop; split it" },
  { "error thrown", "errors end compiled code; raise for rows that are at fault only" },
}

---@param reason string
---@return string? nil when it is ordinary
function M.of(reason)
  for _, advice in ipairs(ADVICE) do
    if reason:find(advice[1]) then return advice[2] or nil end
  end
  return "this is not compiled; keep it out of execute"
end

return M
