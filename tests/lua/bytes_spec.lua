local bytes = require "dm.bytes"
local t = require "tests.support"

---Every length up to `most`, of bytes that have no order.
local function strings(most)
  local list, x = {}, 1
  for n = 0, most do
    local s = {}
    for i = 1, n do
      x = (x * 1103515245 + 12345) % 2147483648
      s[i] = string.char(math.floor(x / 256) % 256)
    end
    list[n] = table.concat(s)
  end
  return list
end

local function all_bytes()
  local list = {}
  for i = 0, 255 do list[i + 1] = string.char(i) end
  return table.concat(list)
end

describe("dm.bytes", function()
  after_each(t.clean)

  it("writes base64 as RFC 4648 has it", function()
    local cases = {
      [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
    }
    for s, text in pairs(cases) do
      assert.equal(text, bytes.to_base64(s))
      assert.equal(s, bytes.from_base64(text))
    end
  end)

  it("gives back what it has turned into base64 or digits", function()
    for _, s in pairs(strings(300)) do
      assert.equal(s, bytes.from_base64(bytes.to_base64(s)))
      assert.equal(s, bytes.from_hex(bytes.to_hex(s)))
    end
  end)

  it("writes what coreutils read", function()
    local folder, s = t.scratch(), all_bytes():rep(40)
    t.write(folder .. "/s", s)
    local _, base64 = t.shell("base64 -w0 " .. folder .. "/s")
    assert.equal(base64, bytes.to_base64(s))
    for _, name in ipairs { "md5", "sha1", "sha256" } do
      local _, sum = t.shell(name .. "sum " .. folder .. "/s")
      assert.equal(sum:match "%x+", bytes[name](s))
    end
  end)

  it("reads base64 in lines, for URLs and without padding", function()
    assert.equal("\251\255\254\255", bytes.from_base64 "-__-_w")
    assert.equal("\251\255\254\255", bytes.from_base64 "+//+/w==")
    assert.equal("foobar", bytes.from_base64 "Zm9v\r\n YmFy\n")
    assert.equal("foob", bytes.from_base64 "Zm9vYg")
    assert.equal("foob", bytes.from_base64 "Zm9vYg=\n=")
  end)

  it("says where base64 is wrong", function()
    local cases = {
      ["Zm9v!"] = 'base64: "!" at byte 5 is no digit',
      ["Zm9vYm\0y"] = "base64: byte 7 is no digit (0x00)",
      ["Zm9vY"] = "base64: the text is cut short after byte 5",
      ["Zm9vY==="] = "base64: padding in the wrong place at byte 6",
      ["Zm9vYg==Zg=="] = "base64: padding in the wrong place at byte 9",
      ["Zm9vYg==="] = "base64: padding in the wrong place at byte 9",
      ["Zm9vYg="] = "base64: padding is missing after byte 7",
      ["="] = "base64: padding in the wrong place at byte 1",
    }
    for s, message in pairs(cases) do assert.has_error(function() bytes.from_base64(s) end, message) end
  end)

  it("reads digits of both cases, and says where they are wrong", function()
    assert.equal("\0\171\255", bytes.from_hex "00aBfF")
    assert.has_error(function() bytes.from_hex "00g0" end, "hex: byte 3 is no digit (0x67)")
    assert.has_error(function() bytes.from_hex "0" end, "hex: the text is cut short after byte 1")
  end)

  it("knows digests", function()
    assert.equal("900150983cd24fb0d6963f7d28e17f72", bytes.md5 "abc")
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", bytes.sha1 "abc")
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", bytes.sha256 "abc")
    assert.equal("2d06800538d394c2", bytes.xxh3 "")
  end)

  for pack, unpack in pairs { gzip = "gunzip", zstd = "unzstd" } do
    it("packs and unpacks " .. pack, function()
      for _, s in ipairs { "", "a", all_bytes(), all_bytes():rep(3000) } do
        assert.is_true(bytes[unpack](bytes[pack](s)) == s)
      end
      assert.equal("onetwo", bytes[unpack](bytes[pack] "one" .. bytes[pack] "two"))
    end)

    it("writes what the program " .. pack .. " reads, and reads what it writes", function()
      local folder, s = t.scratch(), all_bytes():rep(1000)
      t.write(folder .. "/s", bytes[pack](s))
      local status, out = t.shell(("%s -dc < %s/s"):format(pack, folder))
      assert.equal(0, status)
      assert.is_true(out == s)
      t.write(folder .. "/s", s)
      local _, packed = t.shell(("%s -c < %s/s"):format(pack, folder))
      assert.is_true(bytes[unpack](packed) == s)
    end)

    it("refuses what is no " .. pack .. ", cut short or damaged", function()
      local packed = bytes[pack](all_bytes():rep(10))
      local function refused(s, message)
        local ok, why = pcall(bytes[unpack], s)
        assert.is_false(ok)
        assert.truthy(why:find(message), why)
      end
      refused("hello", "^" .. pack .. ": the text does not begin as " .. pack .. " does, at byte 1$")
      refused("", "does not begin")
      for n = 4, #packed - 1 do refused(packed:sub(1, n), "near byte %d") end
      local head = pack == "gzip" and 10 or 6 -- the first block's own head is behind it
      refused(packed:sub(1, head) .. "\255\255\255" .. packed:sub(head + 4), "near byte %d")
    end)

    it("unpacks no more than the limit of " .. pack, function()
      local bomb = bytes[pack](("\0"):rep(70 * 1024 * 1024))
      assert.is_true(#bomb < 400 * 1024)
      assert.has_error(function() bytes[unpack](bomb) end,
        "unpacked it is larger than the limit of 67108864 bytes")
      assert.equal(70 * 1024 * 1024, #bytes[unpack](bomb, 80 * 1024 * 1024))
      assert.equal("abc", bytes[unpack](bytes[pack] "abc", 3))
      assert.has_error(function() bytes[unpack](bytes[pack] "abc", 2) end,
        "unpacked it is larger than the limit of 2 bytes")
    end)
  end

  it("gives back the memory that a large string took", function()
    bytes.from_base64(bytes.to_base64(("x"):rep(8 * 1024 * 1024)))
    assert.is_true(tonumber(require("dm.text.kernel").out.cap) <= 1024 * 1024)
  end)
end)
