-- The HTTP API of DataMate's python-executor: the same paths, bodies and codes. A task is a process of its own, which
-- runs what FLOW/ID/process.yaml says; the scheduler's journal remembers it over the end of this service.
local body = require "dm.serve.body"
local embedded = require "dm.embedded"
local json = require "dm.python.json"
local yaml = require "dm.yaml"

local M = {}

---@class dm.Api
---@field flow string folder of the tasks' folders
---@field scheduler dm.TaskScheduler
---@field workers integer? workers of a task; nil: as `dmhost run` does
local Api = {}
Api.__index = Api

-- How long a run may take to end when it is stopped; half of that for the splits that it is at.
local GRACE = "10s"
-- Logs of retries are numbered up to this.
local MOST_LOGS = 99
-- The longest process.yaml that is read.
local MOST_BYTES = 16 * 1024 * 1024

---@param flow string
---@param scheduler dm.TaskScheduler
---@param workers integer?
---@return dm.Api
function M.new(flow, scheduler, workers)
  return setmetatable({ flow = flow:gsub("(.)/+$", "%1"), scheduler = scheduler, workers = workers }, Api)
end

---@param status integer
---@param value any for json.encode
---@return dm.HttpAnswer
local function answer(status, value)
  return { status = status, content_type = "application/json", body = json.encode(value) }
end

---An error as FastAPI tells it.
---@param status integer of HTTP
---@param detail any what is wrong, as json.encode takes it
---@return dm.HttpAnswer
function M.detail(status, detail)
  return answer(status, { { "detail", detail } })
end

---What is answered about a wrong body; like FastAPI it breaks on one that it can not tell of.
---@param wrong dm.BodyFault
---@return dm.HttpAnswer
local function refuse(wrong)
  local ok, refusal = pcall(M.detail, wrong.status, wrong.detail)
  return ok and refusal or M.internal_error()
end

---An error of the business: HTTP says that all is well.
local function failure(code, message)
  return answer(200, { { "code", json.number(tostring(code)) }, { "message", message }, { "success", false } })
end

local function success(message)
  return answer(200, { { "status", "Success" }, { "message", message } })
end

local function plain(status, text)
  return { status = status, content_type = "text/plain; charset=utf-8", body = text }
end

---What FastAPI answers when it breaks.
---@return dm.HttpAnswer
function M.internal_error() return plain(500, "Internal Server Error") end

local function bad_request() return plain(400, "Invalid HTTP request received.") end

-- The codes of DataMate's API.
local function unknown_error() return failure(1, "Unknown error") end
local function not_found() return failure(1000, "File not found!") end
local function not_submitted() return failure(1001, "Task submitted Failed!") end
local function not_cancelled() return failure(1002, "Task canceled Failed!") end

local HEX = "%x"
local ID = "^" .. HEX:rep(8) .. "%-" .. (HEX:rep(4) .. "%-"):rep(3) .. HEX:rep(12) .. "\n?$" -- as $ of Python

local function wrong_id(id)
  if not id:find(ID) then return failure(2, "Invalid task_id format: " .. id) end
end

---@param id string a valid one
---@return string
function Api:folder(id)
  return self.flow .. "/" .. id
end

---@param id string a valid one
---@return string
function Api:process_path(id)
  return self:folder(id) .. "/process.yaml"
end

---What process.yaml of a task says.
---@param id string a valid one
---@return dm.YamlNode? root
---@return "missing"|"broken"|nil
function Api:settings(id)
  local path = self:process_path(id)
  local file = io.open(path, "rb")
  local text = file and file:read(MOST_BYTES)
  if file then file:close() end
  if not text then return nil, file and "broken" or "missing" end
  local ok, root = pcall(yaml.parse, path, text)
  if not ok or not root or root.kind ~= "map" then return nil, "broken" end
  return root
end

---A text of process.yaml; what YAML takes for a number, null or a truth is none.
local function text_at(root, key)
  local node = yaml.get(root, key)
  local value = node and yaml.value(node)
  return type(value) == "string" and value or nil
end

---@param id string
---@return string[]
function Api:command(id)
  local argv = { "/proc/self/exe", "run", self:process_path(id) }
  if self.workers then
    argv[#argv + 1] = "-j"
    argv[#argv + 1] = tostring(self.workers)
  end
  return argv
end

---The file of what a task prints.
---@param id string
---@param retry number 0: the first attempt
---@return string path
function Api:log(id, retry)
  local number = math.max(0, math.min(retry, MOST_LOGS))
  return self:folder(id) .. "/output.log" .. (number > 0 and "." .. number or "")
end

---Hands a task to the scheduler, which writes it down before this returns. Raises when that can not be.
---@param id string a valid one
---@param retry number how often it was submitted before
function Api:start(id, retry)
  local known = self.scheduler:get_task_status(id)
  if known and (known.status == "pending" or known.status == "running" and not known.cancelling) then return end
  self.scheduler:submit(id, self:command(id), {
    log = self:log(id, retry), log_append = true, log_backups = 0, grace = GRACE, resume = true,
  })
  local ok, why = pcall(self.scheduler.flush, self.scheduler)
  if not ok then
    self.scheduler:cancel_task(id)
    error(why, 0)
  end
end

---@param request dm.HttpRequest
---@param id string
---@return dm.HttpAnswer
function Api:submit(request, id)
  local retry, wrong = body.submit(request)
  if wrong then return refuse(wrong) end
  local invalid = wrong_id(id)
  if invalid then return invalid end
  local root, fault = self:settings(id)
  if fault == "missing" then return not_found() end
  local dataset = root and text_at(root, "dataset_path")
  if not dataset then return M.internal_error() end
  local file = io.open(dataset, "rb")
  if not file then return not_found() end
  file:close()
  if text_at(root, "executor_type") ~= "datamate" then return not_submitted() end
  if not pcall(self.start, self, id, retry) then return not_submitted() end
  return success(id .. " has been submitted")
end

---A time as Python writes it: local, without zone.
local function iso(seconds)
  if not seconds then return json.NULL end
  local whole = math.floor(seconds)
  return os.date("%Y-%m-%dT%H:%M:%S", whole) .. (".%06d"):format(math.floor((seconds - whole) * 1e6))
end

---@param id string
---@return dm.HttpAnswer
function Api:status(_, id)
  local invalid = wrong_id(id)
  if invalid then return invalid end
  if not self:settings(id) then return unknown_error() end
  local task = self.scheduler:get_task_status(id)
  if not task then
    return answer(200, { { "status", "NOT_FOUND" }, { "message", ("Task %s not found"):format(id) } })
  end
  return answer(200, {
    { "task_id", id }, { "status", task.status }, { "error", task.error or json.NULL },
    { "created_at", iso(task.created_at) }, { "started_at", iso(task.started_at) },
    { "completed_at", iso(task.completed_at) },
  })
end

---Executors that DataMate has.
local EXECUTORS = { datamate = true, ray = true, default = true }

---@param id string
---@return dm.HttpAnswer
function Api:stop(_, id)
  local invalid = wrong_id(id)
  if invalid then return invalid end
  local root, fault = self:settings(id)
  if fault == "missing" then return not_found() end
  if not root or not EXECUTORS[text_at(root, "executor_type") or ""] then return unknown_error() end
  if self.scheduler:get_task_status(id) and not self.scheduler:cancel_task(id) then return not_cancelled() end
  return success(id .. " has been stopped")
end

---A task as the list shows it.
---@param id string
---@return any for json.encode
function Api:item(id)
  local task = self.scheduler:get_task_status(id)
  if not task then return json.NULL end
  local command, code = self:command(id), task.result and task.result.return_code
  return {
    { "task_id", id }, { "status", task.status },
    { "result", { { "command", json.list(unpack(command)) },
      { "return_code", code and json.number(tostring(code)) or json.NULL } } },
    { "error", task.error or json.NULL }, { "created_at", iso(task.created_at) },
    { "started_at", iso(task.started_at) }, { "completed_at", iso(task.completed_at) },
    { "progress", json.number "0.0" },
  }
end

---@param request dm.HttpRequest
---@return dm.HttpAnswer
function Api:list(request)
  local ids, wrong = body.list(request)
  if wrong then return refuse(wrong) end
  local items = json.list()
  for i = 1, ids.n do items[i] = { { ids[i], self:item(ids[i]) } } end
  items.n = ids.n
  return answer(200, items)
end

---What the API is, as OpenAPI has it: the document that DataMate's service has.
---@return dm.HttpAnswer
function Api:openapi() -- luacheck: ignore 212/self
  return { status = 200, content_type = "application/json", body = embedded.read "lua/dm/serve/openapi.json" }
end

---What has a path of its own.
local PATHS = { ["/api/task/list"] = "list", ["/openapi.json"] = "openapi" }
---What may be done with a task.
local OF_TASK = { submit = true, stop = true, status = true }

---Which methods do what.
local METHODS = { submit = { "POST" }, stop = { "POST" }, status = { "GET" }, list = { "POST" },
  openapi = { "HEAD", "GET" } }

---Whom a path is for.
---@param path string
---@return string? action
---@return string? id
local function route(path)
  if PATHS[path] then return PATHS[path] end
  local id, action = path:match "^/api/task/([^/]+)/(%l+)$"
  if OF_TASK[action] then return action, id end
end

---Answers a request for a task.
---@param request dm.HttpRequest
---@return dm.HttpAnswer
function Api:handle(request)
  if request.target:find "[\128-\255]" then return bad_request() end
  local action, id = route(request.path)
  if not action then
    local shorter = request.target:match "^(.-)/+$"
    if shorter and route((request.path:gsub("/+$", ""))) then
      local location = ("http://%s%s"):format(request.host or "", shorter)
      return { status = 307, header = "Location", value = location, body = "" }
    end
    return M.detail(404, "Not Found")
  end
  for _, method in ipairs(METHODS[action]) do
    if method == request.method then return self[action](self, request, id) end
  end
  local refused = M.detail(405, "Method Not Allowed")
  refused.header, refused.value = "Allow", table.concat(METHODS[action], ", ")
  return refused
end

return M
