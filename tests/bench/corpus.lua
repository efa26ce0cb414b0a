-- Builds a JSONL corpus of real documents in many languages from the documentation of Debian packages:
--   dmhost lua tests/bench/corpus.lua SIZE OUT.jsonl      as 4M, 200M, 1G
--   dmhost lua tests/bench/corpus.lua demo FOLDER         4 MB of a few small packages: FOLDER/corpus.jsonl
-- Rows are {"id","text","meta":{"source","lang","path","format"}}. The same packages and size give the same bytes.
-- Beside the corpus, SOURCES.txt names each package, its version and its licences. Packages are kept in
-- build/debs and unpacked in build/docs.
local documents = require "tests.bench.documents"
local quote = require("tests.bench.quote").quote
local escaped = require("tests.bench.quote").escaped

local SHARES = { zh = 18, cjk = 10, euro = 22, script = 12, en = 33, short = 5 }
local POOLS = { "zh", "cjk", "euro", "script", "en", "short" }
local DEBS, DOCS = "build/debs", "build/docs"

local function fail(...)
  io.stderr:write("corpus.lua: ", string.format(...), "\n")
  os.exit(1)
end

local function shell(format, ...)
  return os.execute(format:format(...)) == 0
end

local function lines_of(command)
  local pipe, list = assert(io.popen(command)), {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

---@class bench.Package
---@field pool string
---@field name string
---@field lang string? nil: as the path says

---@return bench.Package[]
local function read_packages(demo)
  local list = {}
  for line in io.lines "tests/bench/packages.txt" do
    local pool, name, lang, mark = line:match "^(%a+) (%S+) (%S+) ?(%S*)$"
    if pool and (not demo or mark == "demo") then
      list[#list + 1] = { pool = pool, name = name, lang = lang ~= "-" and lang or nil }
    end
  end
  return list
end

local updated

---Gets the package's file with apt, whose list may have to be fetched first.
local function download(name)
  if shell("cd %s && apt-get download -qq %s >/dev/null 2>&1", DEBS, name) then return true end
  if updated then return false end
  updated = true
  shell "$(test $(id -u) = 0 || echo sudo) apt-get update -qq >/dev/null 2>&1"
  return download(name)
end

local function deb_of(name)
  return lines_of(("ls %s/%s_*.deb 2>/dev/null | LC_ALL=C sort | tail -n 1"):format(DEBS, name))[1]
end

---Unpacks a package, once. Nil when it is not to be had.
---@return string? folder
local function unpack_package(name)
  local folder = DOCS .. "/" .. name
  local deb = deb_of(name)
  if not deb then
    if not download(name) then return nil end
    deb = assert(deb_of(name))
  end
  if not shell("test -e %s/.unpacked", folder) then
    if not shell("mkdir -p %s && dpkg -x '%s' %s && touch %s/.unpacked", folder, deb, folder, folder) then
      fail("cannot unpack %s", deb)
    end
  end
  return folder
end

---FNV-1a of a text: what orders documents, so that the order depends on their names only.
local function hash(text)
  local h = 2166136261
  for i = 1, #text do
    h = bit.bxor(h, text:byte(i))
    h = (h % 65536 * 16777619 + math.floor(h / 65536) % 65536 * 16777619 % 65536 * 65536) % 4294967296
  end
  return h
end

---The files of a pool in the order of their hashes.
local function files_of(packages, pool)
  local list = {}
  for _, package in ipairs(packages) do
    if package.pool == pool then
      for _, path in ipairs(lines_of(("cd %s/%s && find . -type f -printf '%%P\\n'"):format(DOCS, package.name))) do
        list[#list + 1] = { package = package, path = path, hash = hash(package.name .. path) }
      end
    end
  end
  table.sort(list, function(a, b)
    if a.hash ~= b.hash then return a.hash < b.hash end
    return a.path < b.path
  end)
  return list
end

---One row, or nil when the text is not UTF-8. One row in ten is written in ASCII with escapes, every second one
---with spaces, so that readers meet both.
local function row(file, number, document)
  local key = file.hash + number
  local id = ("%s-%08x-%d"):format(file.package.name, file.hash, number)
  local text = quote(document.text)
  if not text then return nil end
  if key % 10 == 0 then text = escaped(text) end
  local format = key % 2 == 0 and '{"id": "%s", "text": %s, "meta": {"source": "%s", "lang": "%s", "path": %s, '
    .. '"format": "%s"}}\n' or '{"id":"%s","text":%s,"meta":{"source":"%s","lang":"%s","path":%s,"format":"%s"}}\n'
  return format:format(id, text, file.package.name, file.package.lang or documents.language(file.path),
    assert(quote(file.path)), document.format)
end

---The rows of a pool one after another; of ten HTML pages, `raw` are left as they are.
local function rows_of(packages, pool, raw)
  return coroutine.wrap(function()
    for _, file in ipairs(files_of(packages, pool)) do
      local root = DOCS .. "/" .. file.package.name .. "/"
      for i, document in ipairs(documents.read(root, file.path, file.hash % 10 < raw)) do
        local text = row(file, i, document)
        if text then coroutine.yield(text) end
      end
    end
  end)
end

---The pool that is furthest behind its share, of those that are not dry.
local function hungriest(pools)
  local best
  for _, pool in ipairs(pools) do
    if not pool.dry and (not best or pool.bytes / pool.share < best.bytes / best.share) then best = pool end
  end
  return best
end

local function write_corpus(packages, path, size)
  local file, pools, rows, bytes = assert(io.open(path .. ".new", "wb")), {}, 0, 0
  local raw = size > 3e8 and 8 or 3 -- tags make up for what a large corpus lacks in text
  for _, name in ipairs(POOLS) do
    pools[#pools + 1] = { next = rows_of(packages, name, raw), share = SHARES[name], bytes = 0 }
  end
  while bytes < size do
    local pool = hungriest(pools)
    if not pool then break end
    local text = pool.next()
    if text then
      assert(file:write(text))
      pool.bytes, bytes, rows = pool.bytes + #text, bytes + #text, rows + 1
    else
      pool.dry = true
    end
  end
  assert(file:close())
  assert(os.rename(path .. ".new", path))
  io.stderr:write(("%s: %d rows, %.1f MB of documentation from %d Debian packages\n"):format(path, rows, bytes / 1e6,
    #packages))
end

local function write_sources(packages, path)
  local file = assert(io.open(path, "w"))
  file:write("The texts come from these Debian packages; their licences are as each copyright file says.\n\n")
  for _, package in ipairs(packages) do
    local copyright = ("%s/%s/usr/share/doc/%s/copyright"):format(DOCS, package.name, package.name)
    local licences = lines_of(("sed -n 's/^License: *//p' %s 2>/dev/null | LC_ALL=C sort -u"):format(copyright))
    local version = deb_of(package.name):match "_([^_]+)_[^_]+%.deb$"
    file:write(("%s %s: %s\n  %s\n"):format(package.name, version,
      licences[1] and table.concat(licences, ", ") or "see its copyright file", copyright))
  end
  assert(file:close())
end

local UNITS = { K = 1e3, M = 1e6, G = 1e9 }

local function main(what, where)
  local demo = what == "demo"
  local number, unit = (demo and "4M" or what or ""):match "^(%d+)([KMG])$"
  if not number or not where then fail "usage: corpus.lua SIZE OUT.jsonl | demo FOLDER" end
  local folder = demo and where or where:match "^(.*)/" or "."
  local out = demo and where .. "/corpus.jsonl" or where
  if io.open(out) then return end
  if not shell("mkdir -p %s %s %s", folder, DEBS, DOCS) then fail("cannot make %s", folder) end
  local packages = {}
  for _, package in ipairs(read_packages(demo)) do
    if unpack_package(package.name) then
      packages[#packages + 1] = package
    else
      io.stderr:write("corpus.lua: without ", package.name, ", which apt does not give\n")
    end
  end
  if #packages == 0 then fail "no package could be fetched; is the network there, and deb lines in /etc/apt?" end
  write_corpus(packages, out, tonumber(number) * UNITS[unit])
  write_sources(packages, folder .. "/SOURCES.txt")
end

main(...)
