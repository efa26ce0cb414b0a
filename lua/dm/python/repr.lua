-- A float as Python's repr has it: the fewest digits that read back as the same.
---@param x number
---@return string
return function(x)
  if x ~= x then return "nan" end
  if math.abs(x) == math.huge then return x < 0 and "-inf" or "inf" end
  local short
  for digits = 0, 16 do
    short = ("%." .. digits .. "e"):format(x)
    if tonumber(short) == x then break end
  end
  local sign, first, rest, exponent = short:match "^(-?)(%d)%.?(%d*)e([+-]%d+)$"
  local e, digits = tonumber(exponent), first .. rest
  if e < -4 or e >= 16 then return short end
  if e < 0 then return ("%s0.%s%s"):format(sign, ("0"):rep(-e - 1), digits) end
  digits = digits .. ("0"):rep(e + 2 - #digits)
  return ("%s%s.%s"):format(sign, digits:sub(1, e + 1), digits:sub(e + 2))
end
