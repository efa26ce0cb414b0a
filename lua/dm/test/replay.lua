-- Shows what the processes of specs told through one of busted's output handlers, as if busted had run them all in one
-- process: so that `-o junit` is one document and `-o TAP` counts on.
local M = {}
M.__index = M

---@param name string of one of busted's handlers, or a Lua file that returns one
---@return table replay
function M.new(name)
  local busted = require "busted.core"()
  require "busted"(busted)
  local loader = require "busted.modules.output_handler_loader"()
  local wrong
  busted.subscribe({ "error", "output" }, function(_, _, message)
    wrong = message
    return nil, true
  end)
  loader(busted, name, { defaultOutput = "plainTerminal", language = "en", arguments = {} })
  if wrong then return nil, ('busted has no output handler "%s"'):format(name) end
  local self = setmetatable({ busted = busted, suite = busted.context.get() }, M)
  self.suite.name = "suite"
  busted.safe_publish("suite", { "suite", "reset" }, self.suite, 1, 1)
  busted.safe_publish("suite", { "suite", "start" }, self.suite, 1, 1)
  return self
end

---An element of busted's tree.
local function attach(busted, descriptor, name)
  local element = { descriptor = descriptor, name = name, attributes = {} }
  busted.context.attach(element)
  return element
end

---Begins a file; M.test adds its tests.
---@param name string
function M:begin_file(name)
  self.file = attach(self.busted, "file", name)
  self.busted.safe_publish("file", { "file", "start" }, self.file)
  self.busted.context.push(self.file)
end

---Ends the file that M.begin_file began.
function M:end_file()
  self.busted.context.pop()
  self.busted.safe_publish("file", { "file", "end" }, self.file)
end

local function publish_test(busted, element, parent, test)
  local trace = { short_src = element.trace.short_src, currentline = element.trace.currentline,
    traceback = test.traceback or "", message = test.message }
  if element.descriptor ~= "it" and element.descriptor ~= "pending" then
    busted.publish({ "error", element.descriptor }, element, parent, test.message, trace)
    return
  end
  busted.publish({ "test", "start" }, element, parent)
  if test.status ~= "success" then
    busted.publish({ test.status, element.descriptor }, element, parent, test.message, trace)
  end
  busted.publish({ "test", "end" }, element, parent, test.status, trace)
end

---Adds a test to the file, within the describes that it stood in.
---@param test table as dm.test.told tells it
function M:test(test)
  local busted, depth = self.busted, 0
  for i = 1, #test.names - 1 do
    busted.context.push(attach(busted, "describe", test.names[i]))
    depth = depth + 1
  end
  local parent = busted.context.get()
  local element = attach(busted, test.descriptor or "it", test.names[#test.names])
  element.trace = { short_src = test.file or self.file.name, currentline = test.line or 1, traceback = "" }
  element.duration, element.starttick, element.endtick = test.seconds, 0, test.seconds
  publish_test(busted, element, parent, test)
  for _ = 1, depth do busted.context.pop() end
end

---Ends the run; the handler may end the process.
function M:finish()
  self.busted.safe_publish("suite", { "suite", "end" }, self.suite, 1, 1)
  self.busted.publish { "exit" }
end

return M
