-- The load test's operator: asks about each text.
local dm = require "dm"
local LLM = require("dm.base_op").LLM

local Ask = LLM:extend { name = "ask" }
function Ask:build_llm_prompt(sample) return "Is this a good text? " .. sample.text end -- luacheck: ignore 212

return dm.pipeline {
  operators = { Ask { url = os.getenv "URL", model = "m", max_in_flight = tonumber(os.getenv "MOST") } },
}
