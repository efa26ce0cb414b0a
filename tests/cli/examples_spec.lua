-- The pipelines of examples/ run as they stand, on rows like those that they are for.
local json = require "dm.json"
local t = require "tests.support"

local q = t.quote

---Documents as the examples want them: paragraphs in several languages, with links and addresses.
local function documents(n)
  local rows = {}
  for i = 1, n do
    local parts = {
      ("Document %d tells of the river, the town beside it and those who crossed both in %d."):format(i, i),
      "更多的内容请看 https://example.org/a?b=" .. i .. " ，这里有许多文字，说的是城市、河流和人们的生活。",
      "Fragen beantwortet gern post" .. i .. "@example.org, auch am Wochenende und an Feiertagen.",
    }
    rows[i] = ('{"id":%d,"text":"%s"}'):format(i, table.concat(parts, "\\n", i % 3 + 1))
  end
  return table.concat(rows, "\n") .. "\n"
end

---Real documents: of Rust and Python, some made ugly, with what datatrove's filters answered on them.
---@return table[] rows { id, input, results }
local function real()
  return t.json_lines "tests/ops/vectors/datatrove/filters.jsonl"
end

---A Chinese page that passes the rules of examples/chinese_web.lua, with its number in each line.
local function page(i)
  local parts = {
    "第%d号渡口在河的东岸，早晨总有雾，船夫要等太阳升高了才肯解开缆绳，送赶集的人到对面去。",
    "镇上的图书馆收藏了%d卷旧县志，里面记着历年的水位、收成和桥梁修缮的花费，字迹大多还看得清楚。",
    "去年秋天，%d名学生花了两个月时间把这些记录抄写下来，并且逐条核对了年份与地名，改正了不少错误。",
    "整理完的资料共有%d页，放在阅览室靠窗的架子上，任何人都可以翻阅，也可以抄录，但是不能带出门去。",
    "如果读者发现疏漏，请把意见写在第%d页后面的空白处，管理员每个月会汇总一次，再印到下一版里。",
    "老人们说，从前这条河比现在宽得多，%d年前的大水以后才改了道，留下那片长满芦苇的浅滩。",
  }
  return (table.concat(parts, "\\n"):gsub("%%d", tostring(i)))
end

---Everything that the examples are for.
local function corpus()
  local rows = { documents(1000):sub(1, -2) }
  for _, row in ipairs(real()) do rows[#rows + 1] = json.encode { id = row.id, text = row.input } end
  for i = 1, 60 do rows[#rows + 1] = ('{"id":"zh%d","text":"%s"}'):format(i, page(i)) end
  return table.concat(rows, "\n") .. "\n"
end

---Runs an example; returns the path of what it left.
local function run(path, dir, workers)
  local out = ("%s/out%d.jsonl"):format(dir, workers)
  local status, _, err = t.dmhost(("run %s -i %s/in.jsonl -o %s -j %d --force"):format(path, q(dir), q(out), workers))
  assert.equal(0, status, err)
  local receipt = t.receipt(out .. ".run")
  assert.equal(#t.lines(t.read(dir .. "/in.jsonl")), receipt.rows["in"])
  assert.is_true(receipt.rows.out > 0 and receipt.rows.out == #t.lines(t.read(out)))
  return out
end

describe("the example", function()
  local dir
  before_each(function()
    dir = t.scratch()
    t.write(dir .. "/in.jsonl", corpus())
  end)
  after_each(t.clean)

  ---The texts that an example leaves, by id.
  local function left(name)
    local texts = {}
    for _, row in ipairs(t.json_lines(run("examples/" .. name .. ".lua", dir, 1))) do texts[row.id] = row.text end
    return texts
  end

  local _, list = t.shell "ls examples/*.lua | grep -v tasks.lua"
  for _, path in ipairs(t.lines(list)) do
    it(path, function()
      assert.is_true(t.read(run(path, dir, 0)) == t.read(run(path, dir, 2)))
    end)
  end

  it("tasks.lua cleans files side by side, and goes on", function()
    local half = math.ceil(#t.lines(corpus()) / 2)
    t.shell(("cd %s && split -l %d in.jsonl part && mkdir out"):format(q(dir), half))
    local command = ("lua examples/tasks.lua D/out D/partaa D/partab D/missing"):gsub("D", dir)
    local status, out, err = t.dmhost(command)
    assert.equal(0, status, err)
    local rows = 0
    for _, name in ipairs { "partaa", "partab" } do
      rows = rows + tonumber(out:match(name .. " +completed +(%d+) rows"))
      assert.truthy(out:find(name .. "%.gz +completed"))
    end
    assert.truthy(out:find "missing +failed .-No such file")
    assert.equal(#t.lines(t.read(run("examples/clean.lua", dir, 1))), rows)
    local again = select(2, t.dmhost(command))
    assert.equal(out, again)
  end)

  it("gopher keeps what datatrove's filters of that name keep", function()
    local texts, kept = left "gopher", 0
    for _, row in ipairs(real()) do
      local keep = true
      for _, result in ipairs(row.results) do
        if result.op:find "^Gopher" and not result.params then keep = keep and result.keep end
      end
      if texts[row.id] then
        assert.is_true(keep, row.id)
        assert.equal(row.input, texts[row.id])
        kept = kept + 1
      end
    end
    assert.is_true(kept > 10)
  end)

  it("c4 leaves lines that end as sentences do", function()
    for _, text in pairs(left "c4") do
      for line in text:gmatch "[^\n]+" do assert.is_truthy(line:find "[.?!\"']$", line) end
      assert.is_nil(text:find("{", 1, true))
    end
  end)

  it("chinese_web leaves Chinese pages", function()
    local texts, n = left "chinese_web", 0
    for id in pairs(texts) do
      assert.is_truthy(tostring(id):find "^zh")
      n = n + 1
    end
    assert.equal(60, n)
  end)

  it("pii leaves no address and no number of a person", function()
    local texts = left "pii"
    t.write(dir .. "/in.jsonl", '{"id":1,"text":"mail a.b@c.org, call 13800138000, id 11010519491231002X, 10.1.2.3"}\n')
    assert.equal("mail <email>, call <tel>, id <id>, <ip>", left("pii")[1])
    for _, text in pairs(texts) do assert.is_nil(text:find "%w@%w+%.%l") end
  end)
end)
