-- Samples as operators see them: nodes that read and edit a row where it lies.
local dm = require "dm"
local ffi = require "ffi"
local handed = require "dm.handed"
local sample = require "dm.sample"

ffi.cdef [[
struct mallinfo2 { size_t arena, free_chunks, fast, maps, mapped, highest, fast_free, allocated, free, top; };
struct mallinfo2 mallinfo2(void); /* mallinfo(3); all zero under AddressSanitizer, which looks for leaks itself */
]]
local err = ffi.new "struct dm_error"

---The sample of a row with these bytes.
local function row(text)
  local s = ffi.C.dm_sample_make(text, #text, 0, err)
  if s == nil then error(ffi.string(err.text), 0) end
  return ffi.gc(sample.root(s), ffi.C.dm_sample_release)
end

local function raises(message, f, ...)
  local ok, got = pcall(f, ...)
  assert.is_false(ok, "should raise: " .. message)
  assert.truthy(tostring(got):find(message, 1, true), tostring(got))
end

local function set(node, key, value) node[key] = value end
local function get(node, key) return node[key] end

describe("a sample", function()
  describe("reads", function()
    local s = row('{"text":"a\\u00e9\\n","n":1.5e1,"yes":true,"no":false,"nil":null,'
      .. '"m":{"k":{"x":[1,[2,"deep"]]}},"":0}')
    it("fields of every kind, at any depth", function()
      assert.equal("aé\n", s.text)
      assert.equal(15, s.n)
      assert.is_true(s.yes)
      assert.is_false(s.no)
      assert.equal("deep", s.m.k.x[2][2])
      assert.equal(0, s[""])
    end)
    it("null and missing fields as nil", function()
      assert.is_nil(s["nil"])
      assert.is_nil(s.missing)
      assert.is_nil(s.m.missing)
      assert.is_nil(s[1])
      assert.is_nil(s.m.k.x[3])
      assert.is_nil(s.m.k.x[0])
      assert.is_nil(s.m.k.x[1.5])
      assert.is_nil(s.m.k.x.name)
      assert.is_nil(s[true])
    end)
    it("what stands at a path, as one step after the other does", function()
      assert.equal("deep", sample.at(s, "m/k/x/2/2"))
      assert.equal("deep", sample.at(s.m.k, "x/2/2"))
      assert.equal(15, sample.at(s, "n"))
      assert.is_false(sample.at(s, "no"))
      for _, path in ipairs { "nil", "missing", "m/missing", "m/missing/x", "n/x", "text/1", "m/1", "m/k/x/3",
        "m/k/x/0", "m/k/x/name", "m/k/x/2nd", "m/k/x/2/2/1" } do
        assert.is_nil(sample.at(s, path), path)
      end
      assert.equal(2, sample.at(row '{"a":[{"b":1},{"b":{"c":0},"b":{"c":2}}]}', "a/2/b/c"))
      assert.equal(1, sample.at(row '{"\\u0061":1}', "a"))
    end)
    it("what stands at several paths", function()
      local found = { 1, 2, 3, 4 }
      sample.pick(s, { "m/k/x/2/2", "missing", "no", "n" }, found)
      assert.same({ "deep", nil, false, 15 }, found)
    end)
    it("names with escapes, control characters and NUL", function()
      local odd = row '{"\\u0061\\n\\u0000\\"":1,"a":2}'
      assert.equal(1, odd['a\n\0"'])
      assert.equal(2, odd.a)
    end)
    it("any name, also those that a struct or table would take", function()
      local names = row '{"sample":1,"generation":2,"index":3,"__index":4,"length":5}'
      assert.same({ 1, 2, 3, 4, 5 }, { names.sample, names.generation, names.index, names.__index, names.length })
    end)
    it("the same after an edit elsewhere, and in another sample with other content", function()
      local a, b = row '{"t":"one","u":{"t":"two"}}', row '{"t":"three"}'
      for _ = 1, 3 do
        assert.same({ "one", "two", "three" }, { a.t, a.u.t, b.t })
        a.u.x, b.y = {}, 1
      end
      a.u.t = "four"
      assert.same({ "one", "four", "three" }, { a.t, a.u.t, b.t })
    end)
  end)

  describe("writes", function()
    it("values of every kind", function()
      local s = row "{}"
      s.text = 'quote " \\ \n\1é'
      s.n = -0.5
      s.yes = true
      s.none = dm.null
      s.list = { 1, "b" }
      s.map = { b = 1, a = { c = false } }
      s.empty = {}
      s.none_of = dm.array {}
      assert.equal('{"text":"quote \\" \\\\ \\n\\u0001é","n":-0.5,"yes":true,"none":null,"list":[1,"b"],'
        .. '"map":{"a":{"c":false},"b":1},"empty":{},"none_of":[]}', tostring(s))
    end)
    it("at any depth, in place, with all else byte for byte", function()
      local s = row '{ "n" : 1.50,"m":{"lang": "zh" ,"x":[ 1 , 2 ]},  "z":0.10 }'
      s.m.lang = "en"
      s.m.x[2] = "two"
      assert.equal('{ "n" : 1.50,"m":{"lang": "en" ,"x":[ 1 , "two" ]},  "z":0.10 }', tostring(s))
    end)
    it("nothing when the value is there already, whatever its spelling", function()
      local text = '{"n":1.50,"t":"\\u0061","b":true,"z":null,"o":{"p":[ ]},"i":12345678901234567890}'
      local s = row(text)
      s.n, s.t, s.b, s.z, s.o, s.i = 1.5, "a", true, dm.null, s.o, s.i
      assert.equal(text, tostring(s))
      assert.equal(0, handed.adopt(s).edits)
      handed.recycle()
    end)
    it("tells 0 from -0", function()
      local s = row '{"n":0}'
      s.n = -0.0 * 1
      s.m = -1 / math.huge
      assert.equal('{"n":-0,"m":-0}', tostring(s))
    end)
    it("a node of this or another sample as a copy", function()
      local s, other = row '{"a":{"x":1.0}}', row '{"b":[ 1 ]}'
      s.copy = s.a
      s.other = { other.b, other }
      s.a.x = 2
      assert.equal('{"a":{"x":2},"copy":{"x":1.0},"other":[[ 1 ],{"b":[ 1 ]}]}', tostring(s))
      s.all = s
      assert.equal(1, s.all.copy.x)
    end)
    it("into a part that was assigned to itself", function()
      local s = row '{"m":{}}'
      local m = s.m
      s.m = m
      m.x = 1
      assert.equal('{"m":{"x":1}}', tostring(s))
    end)
    it("removes with nil: the field, or the last element; an element between becomes null", function()
      local s = row '{"a":1, "m":{"x":1},"list":[1,2,3]}'
      s.a, s.m.x, s.missing = nil, nil, nil
      s.list[3] = nil
      s.list[1] = nil
      s.list[9] = nil
      assert.equal('{"m":{},"list":[null,2]}', tostring(s))
      assert.equal(2, #s.list)
    end)
    it("replaces the last of duplicate names, removes all, keeps all when untouched", function()
      local text = '{"a":1,"b":0,"a":2}'
      local s = row(text)
      assert.equal(2, s.a)
      assert.equal(text, tostring(s))
      s.a = 3
      assert.equal('{"a":1,"b":0,"a":3}', tostring(s))
      s.a = nil
      assert.is_nil(s.a)
      assert.equal('{"b":0}', tostring(s))
    end)
    it("appends at #list + 1, and nowhere behind", function()
      local s = row '{"list":[]}'
      for i = 1, 3 do s.list[#s.list + 1] = i * i end
      assert.equal('{"list":[1,4,9]}', tostring(s))
      raises("an array of 3 elements has no place for element 5", set, s.list, 5, 1)
      raises("has no place for element 0", set, s.list, 0, 1)
      raises("has no place for element 1.5", set, s.list, 1.5, 1)
    end)
    it("no names into arrays, no numbers into objects", function()
      local s = row '{"list":[]}'
      raises("an array has no fields with names", set, s.list, "x", 1)
      raises("an object's fields have names, not numbers", set, s, 1, 1)
      raises("a field's name must be a string, not a boolean", set, s, true, 1)
    end)
    it("no text that is not UTF-8; the error names the byte", function()
      local s = row '{"a":1}'
      raises("the assigned string is not valid UTF-8 at byte 3", set, s, "a", "ab\255")
      raises("the assigned string is not valid UTF-8 at byte 1", set, s, "a", "\237\160\128")
      raises("the key is not valid UTF-8 at byte 2", set, s, "k\128", 1)
      raises("not valid UTF-8 at byte 1", set, s, "a", { "\192\128" })
      raises("not valid UTF-8 at byte 1", set, s, "a", { ["\255"] = 1 })
      assert.equal('{"a":1}', tostring(s))
    end)
    it("no numbers that JSON lacks, no functions", function()
      local s = row '{"a":1}'
      raises("JSON has no NaN", set, s, "a", 0 / 0)
      raises("JSON has no infinite numbers", set, s, "a", math.huge)
      raises("JSON has no infinite numbers", set, s, "a", { -math.huge })
      raises("a function can not be written as JSON", set, s, "a", print)
      raises("a thread can not be written as JSON", set, s, "a", { coroutine.create(print) })
      raises("can not be written as JSON", set, s, "a", ffi.new "int[2]")
      assert.equal('{"a":1}', tostring(s))
    end)
    it("numbers such that they read back as they were", function()
      local s = row "{}"
      for _, n in ipairs { 0.1, 1 / 3, 5e-324, 1.7976931348623157e308, 2 ^ 53, -2 ^ 53, 123456.789e10 } do
        s.n = n
        assert.equal(n, row(tostring(s)).n)
      end
    end)
  end)

  describe("iterates", function()
    local function keys(node)
      local list = {}
      for k, v in dm.each(node) do list[#list + 1] = k .. "=" .. tostring(v) end
      return table.concat(list, " ")
    end

    it("over fields in file order, without null, each name once with its last value", function()
      local s = row '{"z":1,"a":null,"m":{"x":1},"z":2,"\\u0062":"t"}'
      assert.equal('z=2 m={"x":1} b=t', keys(s))
    end)
    it("over elements from 1, without null", function()
      assert.equal("1=a 3=2", keys(row '{"l":["a",null,2]}'.l))
    end)
    it("with pairs and ipairs, and counts with #", function()
      local s, seen = row '{"l":[5,6,null,7]}', {}
      for k, v in pairs(s.l) do seen[#seen + 1] = k .. "=" .. v end
      assert.same({ "1=5", "2=6", "4=7" }, seen)
      seen = {}
      for _, v in ipairs(s.l) do seen[#seen + 1] = v end
      assert.same({ 5, 6 }, seen)
      assert.equal(4, #s.l)
      assert.equal(0, #s)
    end)
    it("over plain tables too", function()
      assert.equal("1=x", keys { "x" })
    end)
    it("while the body sets and removes fields", function()
      local s = row '{"a":1,"b":2,"c":3,"d":4}'
      local seen = {}
      for k, v in dm.each(s) do
        seen[#seen + 1] = k
        s[k] = v * 10
        if k == "b" then s.b, s.c, s.a = nil, nil, nil end
      end
      assert.same({ "a", "b", "d" }, seen)
      assert.equal('{"d":40}', tostring(s))
    end)
    it("while the body sets, appends and removes elements", function()
      local s = row '{"l":[1,2,3,4]}'
      local seen = {}
      for i, v in ipairs(s.l) do
        seen[#seen + 1] = v
        s.l[i] = { v }
        if i < 3 then s.l[i + 1] = v + 100 end
        if i == 1 then s.l[#s.l + 1] = "new" end
        if i == 3 then s.l[#s.l] = nil end
      end
      assert.same({ 1, 101, 201, 4 }, seen)
      assert.equal('{"l":[[1],[101],[201],[4]]}', tostring(s))
    end)
    it("over many fields, over many elements with elements", function()
      local fields, lists, last = {}, {}, 70000
      for i = 1, last do
        fields[i] = ('"k%d":%d'):format(i, i)
        lists[i] = "[[1]]"
      end
      local s = row('{"f":{' .. table.concat(fields, ",") .. '},"l":[' .. table.concat(lists, ",") .. "]}")
      local n = 0
      for _, v in dm.each(s.f) do n = n + v end
      for _, v in dm.each(s.l) do n = n + v[1][1] end
      for _, v in ipairs(s.l) do n = n + v[1][1] end
      for i = 1, #s.l do s.l[i][1][#s.l[i][1] + 1] = #s.l - i end
      assert.equal(last, #dm.totable(s).l)
      assert.equal(last * (last + 1) / 2 + 2 * last, n)
    end)
    it("many fields that are read, changed, added and removed by their names", function()
      local fields, last = {}, 20000
      for i = 1, last do fields[i] = ('"k%d":%d'):format(i, i) end
      local s, n = row("{" .. table.concat(fields, ",") .. "}"), 0
      for i = last, 1, -1 do n = n + s["k" .. i] end
      for key, value in pairs(s) do s[key] = value * 2 end
      for i = 1, last do s["new" .. i] = s["k" .. i] end
      for i = 2, last do s["k" .. i] = nil end
      for i = 1, last - 1 do s["new" .. i] = nil end
      assert.equal(last * (last + 1) / 2, n)
      assert.equal(('{"k1":2,"new%d":%d}'):format(last, 2 * last), tostring(s))
    end)
  end)

  describe("keeps big integers", function()
    local text = '{"id":12345678901234567890,"neg":-9007199254740993,"ok":9007199254740992,"float":1e30}'
    it("as values that copy their digits", function()
      local s = row(text)
      s.copy = s.id
      s.list = { s.neg }
      assert.equal("12345678901234567890", tostring(s.id))
      assert.equal(text:sub(1, -2) .. ',"copy":12345678901234567890,"list":[-9007199254740993]}', tostring(s))
      assert.equal(2 ^ 53, s.ok)
      assert.equal(1e30, s.float)
    end)
    it("that can be compared with each other and joined to strings, and not computed with", function()
      local s = row(text)
      assert.is_true(s.id == s.id)
      assert.is_false(s.id == s.neg)
      assert.is_false(s.id == "12345678901234567890")
      assert.is_false(s.id == nil)
      assert.equal("#12345678901234567890", "#" .. s.id)
      for _, f in ipairs { function(a) return a + 1 end, function(a) return 1 - a end, function(a) return -a end,
        function(a) return a < 1 end, function(a) return 5 <= a end, function(a) return a % 2 end,
        function(a) return a == 5 end, function(a) return #a end } do
        raises("this integer is beyond 2^53", f, s.id)
      end
    end)
  end)

  it("refuses to read numbers that no double holds, and passes them", function()
    local s = row '{"n":1e400,"x":1}'
    raises("the number 1e400 is out of range", get, s, "n")
    s.x = 2
    assert.equal('{"n":1e400,"x":2}', tostring(s))
  end)

  it("refuses to read an unpaired surrogate, and passes it", function()
    local s = row '{"t":"a\\ud800b","x":1,"\\udc00":{"y":1}}'
    raises("unpaired surrogate, \\ud800", get, s, "t")
    s.x = 2
    assert.equal('{"t":"a\\ud800b","x":2,"\\udc00":{"y":1}}', tostring(s))
    raises("unpaired surrogate, \\udc00", function() for _ in dm.each(row '{"\\udc00":1}') do end end) -- luacheck: ignore
    s.t = "fine"
    assert.equal("fine", s.t)
  end)

  it("gives the bytes of a field with dm.raw", function()
    local s = row '{"id": 1.50 ,"t":"\\u0061","o":{ "k" : [] },"l":[ 1.0, "x" ]}'
    assert.same({ "1.50", '"\\u0061"', '{ "k" : [] }' }, { dm.raw(s, "id"), dm.raw(s, "t"), dm.raw(s, "o") })
    assert.equal('"x"', dm.raw(s.l, 2))
    assert.is_nil(dm.raw(s, "missing"))
    s.t, s.o.k[1] = 'q"', 1
    assert.same({ '"q\\""', '{ "k" : [1] }' }, { dm.raw(s, "t"), dm.raw(s, "o") })
  end)

  it("becomes a plain table with dm.totable", function()
    local t = dm.totable(row '{"a":{"b":[1,{"c":"x"},null,false]},"n":null,"e":[],"o":{}}')
    assert.same({ a = { b = { 1, { c = "x" }, nil, false } }, e = {}, o = {} }, t)
    assert.equal("table", type(t.a.b))
    table.insert(t.e, 1)
    assert.equal('{"e":[]}', tostring(dm.sample { e = dm.totable(row '{"e":[]}'.e) }))
    assert.equal(5, dm.totable(5))
  end)

  it("outlives execute with dm.clone", function()
    local s = row '{"a": {"b":1.0}, "c":[ 1 ]}'
    local copy, part, list = dm.clone(s), dm.clone(s.a), dm.clone(s.c)
    s.a.b = 2
    sample.release(s)
    assert.equal('{"a": {"b":1.0}, "c":[ 1 ]}', tostring(copy))
    assert.equal('{"b":1.0}', tostring(part))
    assert.equal(1, list[1])
    copy.a.b = 3
    assert.equal(3, copy.a.b)
    assert.equal('{"x":1}', tostring(dm.clone { x = 1 }))
  end)

  it("raises when it is used beyond execute", function()
    local message = "sample kept beyond execute; use dm.clone"
    local s = row '{"a":{"b":1},"l":[1,2]}'
    local a, l = s.a, s.l
    local next_field, state = dm.each(s)
    sample.release(s)
    sample.release(s)
    for _, other in ipairs { "text", 5, {}, false } do
      assert.error_matches(function() sample.release(other) end, "only what dm.sample or dm.clone made")
    end
    local again = row '{"a":{"b":7},"l":[1,2]}'
    for _, f in ipairs { function() return s.a end, function() return a.b end, function() return l[1] end,
      function() return #l end, function() a.b = 1 end, function() l[1] = nil end, function() return tostring(a) end,
      function() return dm.each(a) end, function() return dm.raw(s, "a") end, function() return dm.clone(s) end,
      function() return dm.totable(l) end, function() for _ in ipairs(l) do end end, -- luacheck: ignore
      function() again.x = s end, function() again.x = { a } end, function() return next_field(state) end } do
      raises(message, f)
    end
    assert.equal('{"a":{"b":7},"l":[1,2]}', tostring(again))
  end)

  it("is equal to itself only", function()
    local s = row '{"a":{},"b":{}}'
    assert.is_true(s.a == s.a)
    assert.is_false(s.a == s.b)
    assert.is_false(s == row '{"a":{},"b":{}}')
    assert.is_false(s.a == nil)
    assert.is_false(s.a == 1)
  end)

  it("nests no deeper than rows may", function()
    local deep = ("["):rep(511) .. ("]"):rep(511)
    local s = row('{"a":' .. deep .. ',"b":{}}')
    raises("nested deeper than 512 levels", row, '{"a":[' .. deep .. "]}")
    raises("nested deeper than 512 levels", set, s.b, "x", s.a)
    raises("nested deeper than 512 levels", set, s, "x", s)
    assert.equal(deep, dm.raw(s, "a"))
    s.b = s.a
    assert.equal(deep, dm.raw(s, "b"))
  end)
end)

describe("dm.sample", function()
  it("makes samples of tables, with names sorted", function()
    assert.equal('{"a":1,"b":[true,{"x":"y","z":{}}],"c":[]}',
      tostring(dm.sample { c = dm.array {}, b = { true, { z = {}, x = "y" } }, a = 1 }))
    assert.equal("{}", tostring(dm.sample {}))
    local many, want = {}, {}
    for i = 999, 100, -1 do
      many["k" .. i], want[i - 99] = i, ('"k%d":%d'):format(1099 - i, 1099 - i)
    end
    table.sort(want)
    assert.equal("{" .. table.concat(want, ",") .. "}", tostring(dm.sample(many)))
  end)
  it("needs a table", function()
    raises("dm.sample needs a table, not a string", dm.sample, "x")
    raises("dm.sample needs a table, not a nil", dm.sample)
  end)
  it("refuses tables that are neither object nor array", function()
    raises('an array with the key x can not be written as JSON', dm.sample, { a = { 1, 2, x = 3 } })
    raises("a table with the key 2 can not be written as JSON", dm.sample, { [2] = "b" })
    raises("can not be written as JSON", dm.sample, { a = { [1] = 1, [3] = 3 } })
    raises("an array with the key x can not be written as JSON", dm.sample, { a = dm.array { x = 1 } })
    raises("a table with the key true can not be written as JSON", dm.sample, { [true] = 1 })
    raises("can not be written as JSON", dm.sample, { a = { [1.5] = 1 } })
  end)
  it("refuses tables that hold themselves, and such that are too deep", function()
    local cycle = {}
    cycle.a = { cycle }
    raises("nested too deeply", dm.sample, cycle)
    local function nest(levels, core)
      for _ = 1, levels do core = { core } end
      return core
    end
    assert.truthy(dm.sample { a = nest(511, 1) })
    raises("nested", dm.sample, { a = nest(512, 1) })
    assert.truthy(dm.sample { a = nest(510, {}) })
    raises("nested", dm.sample, { a = nest(511, {}) })
  end)
  it("takes null inside of lists and maps", function()
    assert.equal('{"a":[null,1],"b":null}', tostring(dm.sample { a = { dm.null, 1 }, b = dm.null }))
    assert.equal("null", tostring(dm.null))
    raises("dm.null has no fields", set, dm.null, "x", 1)
  end)
  it("leaves nothing behind of parts that are no samples", function()
    local s = row '{"l":[1]}'
    local function in_use()
      for _ = 1, 2 do collectgarbage() end -- the second takes what finalizers of the first let go
      local heap = ffi.C.mallinfo2()
      return tonumber(heap.allocated + heap.mapped)
    end
    local function hand()
      for _ = 1, 5000 do raises("a sample must be an object, not an array", handed.adopt, s.l) end
    end
    hand() -- what is kept to be used again is there from now on
    local before = in_use()
    hand()
    local left = in_use() - before
    assert.is_true(left < 500000, "left " .. left .. " bytes") -- the samples would be 2.8 MB
  end)
  it("keeps no long strings of samples that are gone", function()
    local function pass()
      for i = 1, 64 do
        local text = i .. ("x"):rep(1e6)
        local s = dm.sample { text = text, short = "s" .. i }
        assert.equal(text, s.text)
        s.text = text .. "y"
        assert.equal(text .. "y", s.text)
        assert.equal("s" .. i, s.short)
        sample.release(s)
      end
      for _ = 1, 2 do collectgarbage() end
      return collectgarbage "count"
    end
    local before = collectgarbage "count"
    assert.is_true(pass() - before < 4000) -- KiB; all would be 64 MB
  end)
  it("makes many, and gives their memory back", function()
    local function resident() return tonumber(io.open("/proc/self/statm"):read "*a":match "%d+ (%d+)") * 4 end
    local text, before = ("x"):rep(100000), resident()
    for i = 1, 8000 do assert.equal(i, dm.sample { i = i, text = text }.i) end
    collectgarbage()
    assert.is_true(resident() - before < 700000, "took " .. resident() - before .. " KiB") -- all would be 1 GiB
  end)
  it("makes many that live, and does not look through all of them for every few more", function()
    local own, collect, rounds, list = getfenv(dm.sample), collectgarbage, 0, {}
    finally(function() own.collectgarbage = collect end)
    own.collectgarbage = function(...)
      rounds = rounds + 1
      return collect(...)
    end
    for i = 1, 200000 do list[i] = dm.sample { i = i } end
    assert.is_true(rounds > 1 and rounds < 8, rounds .. " rounds") -- one for each 16 MiB would be 12
    assert.equal(200000, list[200000].i)
    for i = 1, #list do sample.release(list[i]) end
    assert.is_true(ffi.C.dm_sample_alive() < 16 * 2 ^ 20)
  end)
end)
