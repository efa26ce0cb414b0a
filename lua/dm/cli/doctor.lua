-- dmhost doctor: what this build is linked with, what the machine allows, and what is missing for which command.
local ffi = require "ffi"
local auto_workers = require("dm.machine.workers").auto
local installed = require "dm.installed"
local machine = require "dm.machine"
local paint_module = require "dm.trace.paint"
local resources = require "dm.resources"
local sources = require "dm.sources"
local units = require "dm.units"

local C = ffi.C

local M = {
  summary = "versions and limits, and what is missing for which command",
  usage = "dmhost doctor",
  most = 0,
  options = {},
  notes = "exit status: 0; 1 when something is missing that every command needs\n",
}

local function row(name, value)
  io.write(paint_module.hang(("  %-15s "):format(name), value), "\n")
end

local function libraries()
  local out = ffi.new "struct dm_buf[1]"
  io.write "linked with\n"
  row("LuaJIT", ("%s, heap of %s bit, JIT %s"):format(jit.version:gsub("^LuaJIT ", ""), ffi.abi "gc64" and 64 or 32,
    jit.status() and "on" or "off: operators are slow"))
  row("lua-cjson", require("dm.json").VERSION)
  if C.dm_versions(out[0]) < 0 then return end
  for name, version in ffi.string(out[0].p, out[0].n):gmatch "(%S+)[ _]([^\n]+)\n" do row(name, version) end
end

local function show_size(n)
  return n == math.huge and "no limit" or units.show_bytes(n)
end

local function show_machine()
  local memory = machine.memory()
  io.write "\nthe machine\n"
  row("kernel", machine.kernel())
  row("processors", ("%d for this process"):format(machine.processors()) .. (machine.cpu_quota() and
    (", its control group allows the time of %.1f"):format(machine.cpu_quota()) or ""))
  row("memory", ("%s, %s of it free"):format(show_size(memory.total), show_size(memory.free)))
  if memory.group then row("", "its control group allows " .. show_size(memory.group)) end
  row("open files", ("%s, at most %s"):format(machine.of "Max open files"))
  row("file size", (show_size(tonumber((machine.of "Max file size")) or math.huge)))
  row("watches", machine.watches() or "unknown")
end

---Whether a library is there that is loaded when first used.
local function loads(load)
  return function() return load(ffi.new "struct dm_error") >= 0 end
end

---Whether a program is found where the shell looks.
local function has_program(name)
  return function()
    for folder in (os.getenv "PATH" or ""):gmatch "[^:]+" do
      if sources.exists(folder .. "/" .. name) then return true end
    end
    return false
  end
end

---What can be missing: what for, how it is got, and whether it is there.
local OPTIONAL = {
  { "lua-yaml", "pipelines in YAML", "lua-yaml", function() return (pcall(installed, "yaml")) end },
  { "busted", "dmhost test, for specs", "lua-busted", function() return (pcall(require, "busted.core")) end },
  { "libcld2", "language_id_score_filter", "libcld2-0", loads(C.dm_language_load) },
  { "libidn2", "EmailNumberCleaner", "libidn2-0", loads(C.dm_mails_load) },
  { "expat", "XMLTagCleaner", "libexpat1", loads(C.dm_xml_load) },
  { "nettle", "md5, sha1 and sha256, and replies of models", "libnettle8", function()
    return (pcall(require("dm.bytes").sha256, ""))
  end },
  { "libuchardet", "texts that do not say their charset", "libuchardet0", function()
    return (pcall(require("dm.bytes").charset, ("caf\233 cr\232me "):rep(20)))
  end },
  { "libcurl", "operators that ask models, dm.http, --engine ray", "libcurl4", loads(C.dm_curl_load) },
  { "SQLite", "the cache of replies, journals of tasks", "libsqlite3-0", loads(C.dm_sqlite_load) },
  { "libpq", "DataMate's tables on a server", "libpq5", loads(C.dm_pq_load) },
  { "libmicrohttpd", "dmhost serve", "libmicrohttpd12", loads(C.dm_mhd_load) },
  { "srun", "--engine slurm", "slurm-client", has_program "srun" },
  { "jieba's words", "operators that look for Chinese words", "python3-jieba", function()
    return sources.exists(require("dm.text.jieba").FOLDER.default .. "/dict.txt")
  end },
  { "bash-completion", "completion in bash", "bash-completion", function()
    return sources.exists "/usr/share/bash-completion/bash_completion"
  end },
}

local function optional()
  io.write "\nnot needed by all\n"
  local missing = {}
  for _, item in ipairs(OPTIONAL) do
    local name, purpose, package, is_there = unpack(item)
    local there = is_there()
    row(name, (there and "there, for " or "missing; needed for ") .. purpose)
    if not there then missing[#missing + 1] = package end
  end
  if #missing > 0 then io.write("\n  apt install ", table.concat(missing, " "), "\n") end
end

---What will go wrong on this machine.
local function warnings()
  local list = {}
  local workers, bound = auto_workers { resources = resources.sum {}, given_limits = {} }
  if bound then
    list[#list + 1] = ("a run has %s here, for %s: %s (-j N starts more)"):format(units.plural(workers, "worker"),
      units.plural(machine.processors(), "processor"), bound)
  end
  local files = tonumber((select(2, machine.of "Max open files"))) or math.huge
  if files < 1024 then
    list[#list + 1] = ("at most %d open files: outputs that wait for their place need more (`ulimit -n`)"):format(
      files)
  end
  if not require("dm.embedded").compiled then
    list[#list + 1] = "this LuaJIT is not the one that dmhost was built with: every start takes longer; build it again"
  end
  if not ffi.abi "gc64" then list[#list + 1] = "LuaJIT's heap is of 32 bit: too small for dmhost" end
  for i, text in ipairs(list) do io.write(i == 1 and "\nbeware\n" or "", "  ", text, "\n") end
end

---@return integer exit status
function M.run()
  io.write("dmhost ", require("dm.cli.version").VERSION, "\n\n")
  libraries()
  show_machine()
  optional()
  warnings()
  return ffi.abi "gc64" and 0 or 1
end

return M
