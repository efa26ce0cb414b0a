-- Keeps Chinese rows of more than 200 code points.
local dm = require "dm"
return dm.pipeline {
  operators = { dm.filter(function(s) return s.meta.lang == "zh-CN" and dm.text.length(s.text) > 200 end) },
}
