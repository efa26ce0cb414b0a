-- Where an operator went wrong that the host tells so.

---Adds the place to an error that the host raised in the name of whoever called it: the last line of the user's
---own files. What operators of the binary and error(..., 0) raise stays as it is. A handler for xpcall.
---@param e any
---@return any
return function(e)
  if type(e) ~= "string" or e:find "^[^\n]-:%d+: " then return e end
  local raiser = debug.getinfo(3, "S") -- 1 is this function, 2 error itself
  if not raiser or raiser.source:sub(1, 8) ~= "=lua/dm/" then return e end
  for level = 4, 20 do
    local frame = debug.getinfo(level, "Sl")
    if not frame then break end
    if frame.source:sub(1, 1) == "@" then return ("%s:%d: %s"):format(frame.short_src, frame.currentline, e) end
  end
  return e
end
