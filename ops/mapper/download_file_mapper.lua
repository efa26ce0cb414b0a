-- Fetches the files whose URLs stand in a field, as a string or a list of them, into a folder, into another field, or
-- both. With save_dir the field has the files' paths afterwards; they have the last names of the URLs' paths, and one
-- that is there already is not fetched again. With save_field that field has the contents, in Base64, since JSON has no
-- bytes. What is no URL is the path of a file here. Where a file can not be fetched its URL stays, its content is null,
-- and it is said on stderr, as with Data-Juicer. While one sample's file is on its way, others go on.
local Mapper = require("dm.base_op").Mapper
local bytes = require "dm.bytes"
local disk = require "dm.disk"
local ffi = require "ffi"
local http = require "dm.http"
local sample_module = require "dm.sample"

local C = ffi.C
local err = ffi.new "struct dm_error"

local MOST_BYTES = "64MiB"

local Download = Mapper:extend {
  name = "download_file_mapper",
  summary = "Fetch the files whose URLs stand in a field.",
  origin = "Data-Juicer",
  waits = true,
  params = {
    { "download_field", "string", doc = "field with the URLs; none: nothing is fetched" },
    { "save_dir", "string", doc = "folder for the files" },
    { "save_field", "string", doc = "field for the contents; without this and save_dir it is image_bytes" },
    { "resume_download", "boolean", default = false, doc = "fill save_field where it is empty; else it is refused" },
    { "timeout", "number", default = 30, min = 0.001, doc = "seconds that a file may take" },
    { "max_concurrent", "integer", default = 10, min = 1, doc = "samples in flight for each worker, at the most" },
  },
  examples = {
    { params = { download_field = "url", save_field = "content" }, input = { url = "/dev/null" },
      output = { url = "/dev/null", content = "" } },
  },
}

function Download:init()
  self.max_in_flight = self.max_concurrent
  if not self.save_dir and not self.save_field then self.save_field = "image_bytes" end
end

---A URL in which what may not stand there as it is has been escaped, as aiohttp does it: spaces, quotes, all beyond
---ASCII, a "%" that begins no escape.
local function escaped(url)
  local host, path, query = url:match "^(%w+://[^/?#]*)([^?#]*)([^#]*)"
  local function escape(part, space)
    part = part:gsub("%%(.?.?)", function(two) return not two:find "^%x%x$" and "%25" .. two or nil end)
    part = part:gsub(" ", space)
    return (part:gsub("[^%w!$&'()*+,./:;=?@_~%%-]", function(c) return ("%%%02X"):format(c:byte()) end))
  end
  return host .. escape(path, "%%20") .. escape(query, "+")
end

---The bytes behind a URL.
---@return string? content
---@return string? why there is none
local function fetch(self, url)
  local time = self.timeout
  local reply, why = http.get(escaped(url), { timeout = time, first_byte_timeout = time, max_reply = MOST_BYTES })
  if not reply then return nil, why end
  if reply.status < 200 or reply.status > 299 then return nil, "HTTP " .. reply.status end
  return reply.body
end

---Fetches one file, or finds it.
---@param wants_content boolean
---@return string? path that the field gets
---@return string? content when it is wanted
---@return string? why it failed
local function take(self, url, wants_content)
  if not url:find "^https?://" then
    if not wants_content then return url end
    local content, why = disk.read(url)
    return content and url, content, why
  end
  local name = url:gsub("^%w+://[^/]*", ""):gsub("[?#].*$", ""):match "([^/]*)$"
  if self.save_dir and name == "" then return nil, nil, "the URL names no file" end
  local path = self.save_dir and self.save_dir .. "/" .. name
  if path and C.dm_export_taken(path) == 1 then return path, wants_content and disk.read(path) or nil end
  if not path and not wants_content then return url end
  local content, why = fetch(self, url)
  if not content then return nil, nil, why end
  if path and C.dm_export_write(path, content, #content, err) < 0 then return nil, nil, ffi.string(err.text) end
  return path or url, content
end

---The contents that a field has already, as far as they are of that many files.
local function kept_of(self, sample, urls)
  local kept = sample[self.save_field]
  if kept == nil then return {} end
  if not self.resume_download then
    error(('field "%s" is there already; resume_download fills what it lacks'):format(self.save_field), 0)
  end
  if type(kept) == "string" then kept = { kept } end
  local list = {}
  for i = 1, #kept == #urls and #urls or 0 do list[i] = kept[i] end
  return list
end

function Download:execute(sample)
  local field = self.download_field and sample[self.download_field]
  if field == nil or field == "" then return end
  local urls = type(field) == "string" and { field } or sample_module.totable(field)
  local kept, paths, contents = self.save_field and kept_of(self, sample, urls) or {}, sample_module.array {},
    sample_module.array {}
  for i, url in ipairs(urls) do
    local has = type(kept[i]) == "string" and kept[i] ~= ""
    local path, content, why = take(self, url, self.save_field ~= nil and not has)
    if why then io.stderr:write("dmhost: ", self.name, ": ", url, ": ", why, "\n") end
    paths[i] = path or url
    contents[i] = has and kept[i] or content and bytes.to_base64(content) or sample_module.null
  end
  local one = type(field) == "string"
  if self.save_dir then sample[self.download_field] = one and paths[1] or paths end
  if self.save_field then sample[self.save_field] = one and contents[1] or contents end
end

return Download
