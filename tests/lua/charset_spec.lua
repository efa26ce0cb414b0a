local bytes = require "dm.bytes"
local t = require "tests.support"

local TEXTS = {
  zh = "数据清洗是大规模语言模型训练的第一步。没有干净的数据，再大的模型"
    .. "也学不好。本文介绍如何去除重复文本、识别编码并统一成通用的格式。\n",
  tw = "資料清理是訓練大型語言模型的第一步。沒有乾淨的資料，再大的模型"
    .. "也學不好。本文介紹如何去除重複文字、辨識編碼並統一成通用的格式。\n",
  ja = "データの前処理は大規模言語モデルを訓練する第一歩です。きれいな"
    .. "データがなければ、どれほど大きなモデルでもうまく学習できません。\n",
  ko = "데이터 정제는 대규모 언어 모델을 학습하는 첫 단계입니다. 깨"
    .. "끗한 데이터가 없으면 아무리 큰 모델도 잘 배울 수 없습니다.\n",
  ru = "Очистка данных - первый шаг обучения большой языковой "
    .. "модели. "
    .. "Без чистых данных даже самая большая модель ничему не "
    .. "научится.\n",
  fr = "Le nettoyage des données est la première étape de l'entraînement d'un grand modèle de "
    .. "langue. Sans données propres, "
    .. "même le plus grand modèle n'apprendra rien de bon, c'est évident à l'été.\n",
  de = "Die Bereinigung der Daten ist der erste Schritt beim Trainieren großer Sprachmodelle. Ohne "
    .. "saubere Daten lernt auch "
    .. "das größte Modell nichts Vernünftiges, was übrigens für alle Größen gilt.\n",
  pl = "Oczyszczanie danych jest pierwszym krokiem w trenowaniu dużego modelu językowego. Bez "
    .. "czystych danych nawet największy "
    .. "model niczego się nie nauczy. Jakość źródeł świadczy też o wartości zbioru, są bowiem "
    .. "źródła wyśmienite i takie, "
    .. "które trzeba wyrzucić, a każdą treść ktoś powinien wcześniej sprawdzić.\n",
  tr = "Verilerin temizlenmesi, büyük bir dil modelinin eğitilmesindeki ilk adımdır. Temiz veri "
    .. "olmadan en büyük model bile "
    .. "doğru düzgün öğrenemez, işte böyle.\n",
  el = "Ο καθαρισμός των δεδομένων είναι το πρώτο βήμα "
    .. "στην εκπαίδευση ενός μεγάλου γλωσσικού μοντέλου.\n",
  ar = "تنظيف البيانات هو الخطوة الأولى في تدريب نموذج لغوي"
    .. " كبير. وبدون بيانات نظيفة لن يتعلم أكبر نموذج شيئا.\n",
  th = "การทำความสะอาดข้อมูลเป็นขั้นตอน"
    .. "แรกในการฝึกแบบจำลองภาษาขนาดใหญ่\n",
}

-- Language, charset as iconv writes it, and what we call it.
local CASES = {
  { "zh", "GB18030", "GB18030" }, { "zh", "GBK", "GB18030" }, { "zh", "GB2312", "GB18030" },
  { "tw", "BIG5", "BIG5" }, { "tw", "CP950", "BIG5" },
  { "ja", "SHIFT_JIS", "SHIFT_JIS" }, { "ja", "CP932", "SHIFT_JIS" }, { "ja", "EUC-JP", "EUC-JP" },
  { "ja", "ISO-2022-JP", "ISO-2022-JP" },
  { "ko", "EUC-KR", "UHC" }, { "ko", "CP949", "UHC" },
  { "ru", "CP1251", "WINDOWS-1251" }, { "ru", "KOI8-R", "KOI8-R" }, { "ru", "ISO-8859-5", "ISO-8859-5" },
  { "ru", "CP866", "IBM866" },
  { "fr", "ISO-8859-1", "ISO-8859-1" }, { "fr", "CP1252", "ISO-8859-1" }, { "de", "ISO-8859-1", "ISO-8859-1" },
  { "pl", "ISO-8859-2", "ISO-8859-2" }, { "pl", "CP1250", "WINDOWS-1250" }, { "tr", "ISO-8859-9", "ISO-8859-9" },
  { "el", "ISO-8859-7", "ISO-8859-7" }, { "ar", "CP1256", "WINDOWS-1256" }, { "th", "TIS-620", "TIS-620" },
  { "zh", "UTF-16LE", "UTF-16LE" }, { "zh", "UTF-16BE", "UTF-16BE" }, { "fr", "UTF-16LE", "UTF-16LE" },
  { "ru", "UTF-16BE", "UTF-16BE" }, { "ko", "UTF-16BE", "UTF-16BE" },
  { "zh", "UTF-8", "UTF-8" },
}

local MARKS = {
  ["UTF-8"] = "\239\187\191", ["UTF-16LE"] = "\255\254", ["UTF-16BE"] = "\254\255", ["UTF-32LE"] = "\255\254\0\0",
  ["UTF-32BE"] = "\0\0\254\255",
}

local folder

local function encode(text, charset)
  t.write(folder .. "/text", text)
  local status, out, err = t.shell(("iconv -f UTF-8 -t %s %s/text"):format(charset, folder))
  assert.equal(0, status, err)
  return out
end

describe("dm.bytes: charsets", function()
  setup(function() folder = t.scratch() end)
  teardown(t.clean)

  for _, case in ipairs(CASES) do
    it(("knows %s of language %s"):format(case[2], case[1]), function()
      local s = encode(TEXTS[case[1]], case[2])
      assert.equal(case[3], bytes.charset(s))
      assert.equal(TEXTS[case[1]], bytes.to_utf8(s))
      assert.equal(TEXTS[case[1]], bytes.to_utf8(s, case[2]))
      assert.equal(TEXTS[case[1]]:rep(50), bytes.to_utf8(encode(TEXTS[case[1]]:rep(50), case[2])))
    end)
  end

  for name, mark in pairs(MARKS) do
    it("believes the mark of " .. name .. " and takes it off, once", function()
      local s = mark .. encode("é\n", name)
      assert.equal(name, bytes.charset(s))
      assert.equal("é\n", bytes.to_utf8(s))
      assert.equal("é\n", bytes.to_utf8(s, name))
      assert.equal("\239\187\191é\n", bytes.to_utf8(mark .. s))
    end)
  end

  it("takes ASCII and nothing for UTF-8", function()
    assert.equal("UTF-8", bytes.charset "")
    assert.equal("UTF-8", bytes.charset "plain")
    assert.equal("", bytes.to_utf8 "")
    assert.equal("a\0b", bytes.to_utf8 "a\0b")
  end)

  it("finds what is not ASCII behind much that is", function()
    local much = ("plain words, and many of them\n"):rep(10000)
    assert.equal("WINDOWS-1251", bytes.charset(much .. encode(TEXTS.ru, "CP1251")))
    assert.equal("GB18030", bytes.charset(much .. encode(TEXTS.zh, "GB18030") .. much))
  end)

  it("does not take damaged UTF-8 for something else, and says where it is damaged", function()
    local s = TEXTS.zh:rep(1000)
    for at, damaged in pairs { [#s + 1] = s .. "\255" .. s, [#s + 2] = s .. "a\228\184", [1] = "\128" .. s } do
      assert.equal("UTF-8", bytes.charset(damaged))
      local _, why = pcall(bytes.to_utf8, damaged)
      assert.equal(("byte %d (0x%02x) is not UTF-8"):format(at, damaged:byte(at)), why)
    end
  end)

  it("does not guess from a few words", function()
    for _, s in ipairs { "\196\227\186\195", "ok\195(", "\255", encode("я", "CP1251") } do
      assert.is_nil(bytes.charset(s))
      assert.has_error(function() bytes.to_utf8(s) end, "the charset can not be told")
    end
  end)

  it("takes names for what browsers do, and for themselves where that fails", function()
    assert.equal("“€”", bytes.to_utf8("\147\128\148", "iso-8859-1"))
    assert.equal("\194\129", bytes.to_utf8("\129", "ISO-8859-1"))
    assert.equal("\\~①", bytes.to_utf8("\\~\135\64", "shift_jis"))
    assert.equal("똠", bytes.to_utf8("\140\99", "EUC-KR"))
  end)

  it("says which byte is wrong", function()
    local cases = {
      { "ab\255", "UTF-8", "byte 3 (0xff) is not UTF-8" },
      { "ab\129", "GB18030", "GB18030 is cut short after byte 3" },
      { "a\255b", "GBK", "byte 2 (0xff) is not GBK" },
      { "a", "UTF-16LE", "UTF-16LE is cut short after byte 1" },
      { "a\0\0\220", "UTF-16LE", "byte 3 (0x00) is not UTF-16LE" },
      { "x", "klingon", 'no charset is named "klingon"' },
      { "x", "", 'no charset is named ""' },
      { "x", "LATIN1//IGNORE", 'no charset is named "LATIN1//IGNORE"' },
      { "x", ("x"):rep(100), 'no charset is named "' .. ("x"):rep(100) .. '"' },
    }
    for _, case in ipairs(cases) do
      assert.has_error(function() bytes.to_utf8(case[1], case[2]) end, case[3])
    end
  end)

  it("takes megabytes of anything", function()
    for _, s in ipairs { "\233\233", "\0\216", "\27$", "\0\0", "a\0", "\196\227" } do
      pcall(bytes.to_utf8, s:rep(2e6))
    end
  end)
end)
