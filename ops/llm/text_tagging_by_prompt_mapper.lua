-- Has a model choose one of some tags for a text. An answer that is none of them is asked for again (try_num); when it
-- stays so the row is rejected. Data-Juicer keeps whatever the model says, in a field named text_tags.
local LLM = require("dm.base_op").LLM
local datajuicer = require "dm.llm.datajuicer"
local text = require "dm.text"

-- Word for word Data-Juicer's (Apache License 2.0, Copyright Alibaba).
local TAGS = { "数学", "代码", "翻译", "角色扮演", "开放领域问答", "特定领域问答", "提取", "生成", "头脑风暴", "分类",
  "总结", "改写", "其他" }
local PROMPT = [[

请对下面的example文本回复的任务类别进行检测,并进行分类。
备选的分类包括：{tag_list}。
只回复对应的分类,不回复其他内容。
example文本:
{text}
]]

local Tag = LLM:extend {
  name = "text_tagging_by_prompt_mapper",
  summary = "Have a model choose a tag for a text.",
  origin = "Data-Juicer",
  params = datajuicer.params {
    { "tag_list", "list", default = TAGS, doc = "the tags" },
    { "prompt", "string", default = PROMPT,
      doc = "what is asked, with {tag_list} and {text} in it" },
    { "tag_field_name", "string", default = "text_tags", doc = "field that gets the tag" },
  },
  examples = {
    {
      params = { url = "http://localhost:8000/v1", tag_list = { "physics", "cooking" } },
      replies = { "It is about tea.", " Cooking. " },
      input = { text = "Boil the water, then add tea." },
      output = { text = "Boil the water, then add tea.", text_tags = "cooking" },
    },
  },
}
Tag.get_llm = datajuicer.get_llm

---A tag or an answer in the form in which they are compared; no tag is longer than what is looked at.
local function plain(s)
  return (text.lower(text.strip(text.sub(s, 1, 200))):gsub("^[%s\"'`*]+", ""):gsub("[%s\"'`*.]+$", ""))
end

function Tag:init()
  self.by_name = {}
  for _, tag in ipairs(self.tag_list) do self.by_name[plain(tag)] = tag end
end

function Tag:build_llm_prompt(sample)
  local values = { tag_list = "['" .. table.concat(self.tag_list, "', '") .. "']", text = self:get_text(sample) }
  return (self.prompt:gsub("{([%w_]+)}", values))
end

function Tag:execute(sample)
  local said
  local tag = datajuicer.ask(self, self:build_llm_prompt(sample), function(reply)
    said = reply
    return self.by_name[plain(reply)]
  end)
  if not tag then error(("the answer is none of the tags: %s"):format(text.strip(text.sub(said, 1, 100))), 0) end
  sample[self.tag_field_name] = tag
end

return Tag
