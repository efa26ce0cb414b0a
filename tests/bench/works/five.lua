-- Five inline operators: upper, lower, length, find, append.
local dm = require "dm"
return dm.pipeline {
  operators = {
    dm.map(function(s) s.upper = dm.text.upper(s.text) end),
    dm.map(function(s) s.text = dm.text.lower(s.text) end),
    dm.map(function(s) s.length = dm.text.length(s.text) end),
    dm.filter(function(s) return not s.text:find("lorem ipsum", 1, true) end),
    dm.map(function(s) s.text = s.text .. " end" end),
  },
}
