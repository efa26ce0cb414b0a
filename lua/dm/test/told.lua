-- busted's output handler inside the process of a spec: tells every test's outcome to the process that waits for it.
local child = require "dm.child"

---Names of the describes around a test, and its own.
local function names_of(busted, element)
  local names, parent = { element.name or element.descriptor }, busted.parent(element)
  while parent and parent.descriptor ~= "file" and (parent.name or parent.descriptor) ~= "suite" do
    table.insert(names, 1, parent.name or parent.descriptor)
    parent = busted.parent(parent)
  end
  return names
end

local function text_of(message)
  if message == nil then return "error without a message" end
  return type(message) == "string" and message or require("pl.pretty").write(message)
end

---@param busted table
---@param element table
---@param status string
---@param failure { message: any, trace: table? }
local function tell(busted, element, status, failure)
  local trace = element.trace or failure.trace or {}
  child.tell { test = {
    names = names_of(busted, element),
    descriptor = element.descriptor,
    file = trace.short_src,
    line = trace.currentline,
    status = status,
    message = failure.message ~= nil and text_of(failure.message) or nil,
    traceback = failure.trace and failure.trace.traceback,
    seconds = element.duration or 0,
  } }
end

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local failures = {}

  local function note(element, _, message, trace)
    failures[element] = { message = message, trace = trace }
    return nil, true
  end

  busted.subscribe({ "test", "start" }, function(element)
    child.tell { begun = names_of(busted, element) }
    return nil, true
  end)
  busted.subscribe({ "failure", "it" }, note)
  busted.subscribe({ "error", "it" }, note)
  busted.subscribe({ "pending", "it" }, note)
  busted.subscribe({ "test", "end" }, function(element, _, status)
    tell(busted, element, status, failures[element] or {})
    return nil, true
  end, { predicate = handler.cancelOnPending })
  local function outside(element, _, message, trace)
    if element.descriptor ~= "it" then tell(busted, element, "error", { message = text_of(message), trace = trace }) end
    return nil, true
  end
  busted.subscribe({ "error" }, outside)
  busted.subscribe({ "failure" }, outside)
  handler.options = options
  return handler
end
