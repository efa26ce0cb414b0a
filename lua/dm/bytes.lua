-- Verbs on bytes: strings in, strings out, which need not be text. What is wrong with a string is raised, with the
-- byte (from 1) where it stands. Assigning a result to a field takes UTF-8: put bytes in a field as to_base64 has them.
local ffi = require "ffi"
local kernel = require "dm.text.kernel"
local C = ffi.C

---@class dm.bytes
local M = {}

local err = ffi.new "struct dm_error"
local out = kernel.out

---Bytes that unpacking makes at the most, unless it is told otherwise.
local LIMIT = 64 * 1024 * 1024

local GZIP, ZSTD = 1, 2

---The bytes that a kernel appended to `out`, or its error.
local function made(status, s)
  if status < 0 then
    kernel.trim(#s)
    error(status == C.DM_EMEMORY and "memory ran short" or ffi.string(err.text), 0)
  end
  local text = ffi.string(out.p, out.n)
  kernel.trim(#s)
  return text
end

---A verb of a kernel that can fail.
local function decoder(decode)
  return function(s)
    out.n = 0
    return made(decode(s, #s, out, err), s)
  end
end

---A verb of a kernel that can not.
local function encoder(encode)
  return function(s)
    out.n = 0
    return made(encode(s, #s, out), s)
  end
end

local function digest(kind)
  return function(s)
    out.n = 0
    return made(C.dm_digest(s, #s, kind, out, err), s)
  end
end

local function packer(codec)
  return function(s)
    out.n = 0
    return made(C.dm_pack(s, #s, codec, out, err), s)
  end
end

local function unpacker(codec)
  return function(s, limit)
    out.n = 0
    return made(C.dm_unpack(s, #s, codec, limit or LIMIT, out, err), s)
  end
end

---Base64 (RFC 4648) with padding, in one line.
---@type fun(s: string): string
M.to_base64 = encoder(C.dm_base64_encode)

---What base64 stands for. Takes the alphabet for URLs and white space, and does not miss padding at the end.
---@type fun(s: string): string
M.from_base64 = decoder(C.dm_base64_decode)

---Two digits a byte, in small letters.
---@type fun(s: string): string
M.to_hex = encoder(C.dm_hex_encode)

---What digits stand for, in small or large letters.
---@type fun(s: string): string
M.from_hex = decoder(C.dm_hex_decode)

---Digests, in hexadecimal digits. xxh3 is XXH3-64, the quickest by far; the only one here to trust against a forger is
---sha256.
---@type fun(s: string): string
M.md5 = digest(C.DM_DIGEST_MD5)
---@type fun(s: string): string
M.sha1 = digest(C.DM_DIGEST_SHA1)
---@type fun(s: string): string
M.sha256 = digest(C.DM_DIGEST_SHA256)
---@type fun(s: string): string
M.xxh3 = digest(C.DM_DIGEST_XXH3)

---Compresses.
---@type fun(s: string): string
M.gzip = packer(GZIP)
---@type fun(s: string): string
M.zstd = packer(ZSTD)

---Decompresses; many members (gzip) or frames (zstd) too. Raises when that makes more than `limit` bytes, by default
---64 MiB.
---@type fun(s: string, limit: integer?): string
M.gunzip = unpacker(GZIP)
---@type fun(s: string, limit: integer?): string
M.unzstd = unpacker(ZSTD)

local name_out = ffi.new "const char *[1]"

---The charset that the bytes of a text look like, or nil when that can not be told: a few words are too little, unless
---they are UTF-8 or have a byte order mark. ASCII is UTF-8. UTF-8 with some bytes wrong is UTF-8.
---@param s string
---@return string? name as to_utf8 takes it
function M.charset(s)
  if C.dm_encoding_guess(s, #s, name_out, err) < 0 then error(ffi.string(err.text), 0) end
  local name = ffi.string(name_out[0])
  return name ~= "" and name or nil
end

---A text in UTF-8, without a byte order mark. Names are those of iconv and stand for the supersets that browsers take
---them for: GB2312 for GB18030, ISO-8859-1 for windows-1252. Raises where a byte is wrong.
---@param s string
---@param charset string? by default what M.charset says
---@return string
function M.to_utf8(s, charset)
  charset = charset or M.charset(s) or error("the charset can not be told", 0)
  out.n = 0
  return made(C.dm_encoding_convert(s, #s, charset, out, err), s)
end

return M
