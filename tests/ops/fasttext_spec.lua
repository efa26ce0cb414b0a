-- Models of fastText: what they say is what Debian's `fasttext predict-prob` says, of each kind of model that
-- `fasttext supervised` and `fasttext quantize` write.
local fasttext = require "dm.text.fasttext"
local registry = require "dm.registry"
local t = require "tests.support"

local q = t.quote

-- Words that languages do not share, and some that they do.
local WORDS = {
  en = "the quick brown fox jumps over lazy dogs while winter rain falls softly upon old stone houses in a village",
  de = "der schnelle braune fuchs springt über faule hunde während im winter leise regen auf alte häuser fällt a",
  ru = "быстрая коричневая лиса прыгает через ленивую собаку пока зимний дождь тихо падает на старые дома",
  zh = "敏捷的 棕色 狐狸 跳过了 懒惰的狗 冬天的雨 轻轻地 落在 河边 古老的 石头房子上 a in",
}

-- What tokens are made of: all of fastText's blanks, labels within a text, words that no model knows, half characters.
local ODD = { "", " ", "a\tb\vc\fd\re", "zzz __label__en __label__xx qqq", "12 345", "the  fox \0 der", "\xE4\xB8 x",
  "mixed der the 狐狸", "fox </s> der" } -- the last makes fastText answer once more, for what follows

local function list_of(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

---Lines of random words of each language; with `labelled` as fastText wants them for training.
local function lines(n, labelled)
  local languages, list = { "de", "en", "ru", "zh" }, {}
  math.randomseed(7)
  for i = 1, n do
    local language = languages[i % #languages + 1]
    local words, line = list_of(WORDS[language]), {}
    for k = 1, i % 9 + 1 do line[k] = words[math.random(#words)] end
    list[i] = (labelled and "__label__" .. language .. " " or "") .. table.concat(line, " ")
  end
  return list
end

describe("a model of fastText", function()
  local dir
  setup(function()
    dir = t.scratch()
    t.write(dir .. "/train.txt", table.concat(lines(2000, true), "\n") .. "\n")
    if t.shell "command -v fasttext" ~= 0 then error "the command fasttext is needed: tests/deps.sh test" end
  end)
  teardown(t.clean)

  local function fast(words)
    local status, out, err = t.shell(("cd %s && fasttext %s"):format(q(dir), words))
    assert.equal(0, status, err)
    return out
  end

  local function train(name, options)
    fast(("supervised -input train.txt -output %s -thread 1 -epoch 3 -bucket 1000 %s"):format(name, options))
    return dir .. "/" .. name .. ".bin"
  end

  ---Compares answers for lines of a file.
  local function compare(path)
    local texts = lines(300)
    for _, text in ipairs(ODD) do texts[#texts + 1] = text end
    t.write(dir .. "/texts.txt", table.concat(texts, "\n") .. "\n")
    local want = t.lines(fast(("predict-prob %s texts.txt 1"):format(q(path))))
    assert.equal(#texts + 1, #want)
    local model = fasttext.open(path)
    for i, text in ipairs(texts) do
      local label, score = want[i]:match "^(%S+) (%S+)$"
      local got, probability = model:guess(text)
      assert.equal(label, got, text)
      assert.is_true(math.abs((tonumber(score) or 0) - probability) < 3e-6, text)
    end
  end

  for _, loss in ipairs { "softmax", "hs", "ova", "ns" } do
    it("says what fastText says, with the loss " .. loss, function()
      compare(train(loss, ("-loss %s -dim 10 -minn 2 -maxn 4 -wordNgrams 2"):format(loss)))
    end)
  end
  it("says what fastText says without pieces of words", function()
    compare(train("plain", "-loss softmax -dim 7"))
  end)
  it("says what fastText says when it is quantized", function()
    train("small", "-loss hs -dim 10 -minn 2 -maxn 3 -wordNgrams 2")
    for i, options in ipairs { "", "-qnorm", "-qnorm -cutoff 300 -dsub 3" } do
      local path = ("%s/small%d.ftz"):format(dir, i)
      fast("quantize -input train.txt -output small -thread 1 " .. options)
      assert(os.rename(dir .. "/small.ftz", path))
      compare(path)
    end
  end)

  it("takes what is damaged for what it is", function()
    local good = t.read(train("whole", "-loss hs -dim 4 -minn 2 -maxn 3"))
    local path, opened = dir .. "/broken.bin", 0
    local function try(bytes)
      t.write(path, bytes)
      require("dm.sources").forget(path .. " (xxh3)")
      local ok, model = pcall(fasttext.open, path)
      if not ok then return assert.truthy(model:find("broken.bin is", 1, true), model) end
      opened = opened + 1
      model:guess "the fox der hund"
    end
    for n = 0, #good - 1, math.ceil(#good / 200) do try(good:sub(1, n)) end
    assert.equal(0, opened)
    math.randomseed(11)
    for i = 1, 400 do -- most of these hit what is checked: arguments, names, numbers in front of the rows
      local at = i <= 300 and math.random(2600) or math.random(#good)
      try(good:sub(1, at - 1) .. string.char(math.random(0, 255)) .. good:sub(at + 1))
    end
    assert.is_true(opened > 50)
    try(good)
    for _, what in ipairs { "", "no model", ("\0"):rep(100) } do try(what) end
  end)

  it("is asked by language_id_score_filter", function()
    local path = train("lid", "-loss softmax -dim 10 -minn 2 -maxn 4 -epoch 20")
    local filter = registry.get "language_id_score_filter"
    local op = filter { model = path, lang = "de", min_score = 0.5, keep_stats_in_res_ds = true }
    local sample = { text = "Der SCHNELLE\nbraune Fuchs" }
    assert.is_true(op:execute(sample))
    assert.equal("de", sample.__dj__stats__.lang)
    local keep, reason, score = op:execute { text = "the quick brown fox" }
    assert.same({ false, "language en" }, { keep, reason })
    assert.is_true(score > 0.5)
    for what, part in pairs { [dir .. "/nowhere.bin"] = "No such file", [dir .. "/train.txt"] = "no fastText model" } do
      local ok, why = pcall(filter, { model = what })
      assert.is_false(ok)
      assert.truthy(why:find(part, 1, true), why)
    end
  end)
end)
