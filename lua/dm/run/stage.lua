-- An operator that waits, as a stage of the pipeline: it holds many samples at once, each in a task of its own, and
-- lets them out in the order in which they came. What operators before it took out keeps its place between them.
local ffi = require "ffi"
local add_place = require "dm.run.add_place"
local handed = require "dm.handed"
local pieces = require "dm.pieces"
local raised = require "dm.raised"
local sample_module = require "dm.sample"
local wait = require "dm.wait"

local C = ffi.C
local root = sample_module.root

local M = {}

-- Rows of a batch, as in run/work_state.h; rows in the stage for each that may wait; and the bytes that all of them may
-- take. Behind a row that takes a hundred times as long as others, these go on up to more rows, while they are small.
local BATCH, WINDOW, MOST_BYTES = 64, 4, 256 * 1024 * 1024
local LONG_WINDOW, SMALL_BYTES = 8192, 64 * 1024 * 1024
-- Samples that may wait in an operator that does not say how many.
local DEFAULT = 256
-- So many samples that wait that memory is dearer than time.
local MANY = 4096

---A sample in the stage, and the task that works on it. Tens of thousands may be there: sixteen fields and no more
---are half as large as seventeen.
---@class dm.Entry: dm.Task
---@field stage dm.Stage
---@field sample ffi.cdata*|false
---@field row integer
---@field child { child: string, number: integer, own: ffi.cdata*|nil }|false as in dm.Batch; false: a row
---@field fate dm.Fate|false why it is out; false: it is not
---@field children ffi.cdata*[]|false what a slicer made of it
---@field changed boolean a mapper put another sample in the place of its own
---@field bytes number memory that it takes
---@field after dm.Entry|false the next one in the stage, or of those that nobody needs
---@field turn integer how often it waited for an answer: what is random in an operator hangs on it

---The fields are those of dm.Batch.
---@class dm.Fate
---@field op integer
---@field reason string
---@field value number|false
---@field rejected boolean

---@class dm.Stage
---@field rows ffi.cdata* struct dm_rows *
---@field op dm.BaseOp
---@field number integer the operator's, from 0
---@field first dm.Entry? and then along `after`: those in the stage, in order
---@field last dm.Entry?
---@field spare dm.Entry|false and so those that nobody needs, for the next samples
---@field entries table metatable of those in it
---@field held integer how many those are
---@field bytes number memory that they take
---@field running integer tasks that have not ended
---@field most integer how many of those there may be
---@field out dm.Batch what leaves it
---@field following fun(batch: dm.Batch): integer takes that to the end of the pipeline
---@field status integer less than zero: the run can not go on
local Stage = {}
Stage.__index = Stage

---@param rows ffi.cdata* struct dm_rows *
---@param op dm.BaseOp one that waits
---@param number integer of the operator, from 0
---@param new_batch fun(): dm.Batch
---@return dm.Stage
function M.new(rows, op, number, new_batch)
  if op.llm then op.llm.asked = rows.asked[number] end
  local most = math.max(1, math.min(op.max_in_flight or DEFAULT, C.dm_http_room()))
  local stage = setmetatable({ rows = rows, op = op, number = number, out = new_batch(), held = 0, running = 0,
    bytes = 0, status = 0, most = most, spare = false }, Stage)
  stage.entries = { __index = { stage = stage, enter = M.enter, leave = M.leave } }
  return stage
end

---@param following fun(batch: dm.Batch): integer takes what leaves the stage to the end of the pipeline
function Stage:lead_to(following)
  self.following = following
end

local function take_out(entry, rejected, reason, value)
  entry.fate = { op = entry.stage.number, reason = reason, value = type(value) == "number" and value,
    rejected = rejected }
end

-- What becomes of a sample whose execute has returned, for each kind of operator. They return how many came out.
local settle = {}

function settle.mapper(_, entry, result, node)
  local before = entry.sample
  if result ~= nil and result ~= node then
    entry.sample = handed.take(result, "a Mapper returns its sample, another one or nothing")
    C.dm_sample_hold(entry.sample)
    if before.pooled > 0 then sample_module.release(root(before)) end
    entry.changed = true
  end
  return 1
end
settle.llm = settle.mapper

function settle.filter(_, entry, kept, _, reason, value)
  if kept then return 1 end
  take_out(entry, false, reason == nil and "dropped" or raised.text(reason), value)
  return 0
end

function settle.slicer(stage, entry, list, node)
  if list == node then return settle.mapper(stage, entry, list, node) end
  local children, count = {}, stage.rows.ops[stage.number]
  if pieces.is(list) then list = pieces.make(list, node, 1, #list) end
  for i = 1, #(list or children) do
    children[i] = handed.take(list[i], "a Slicer's list holds samples")
    C.dm_sample_hold(children[i])
  end
  if #children == 0 then
    take_out(entry, false, "made no samples")
    return 0
  end
  entry.children = children
  count.made = count.made + (#children - 1)
  return #children
end

---Notes that an operator raised: an error of the run, of memory, or of the sample.
local function failed(stage, entry, message)
  if type(message) == "table" and message.ends_run then
    stage.status = message.spent and C.DM_ESPENT or C.dm_rows_fail(stage.rows, tostring(message))
  elseif raised.is_memory(message) then
    stage.status = C.DM_EMEMORY
  else
    take_out(entry, true, raised.text(message))
  end
end

local function execute(entry, op, node)
  local result, reason, value = op:execute(node)
  return settle[op.kind](entry.stage, entry, result, node, reason, value)
end

-- What waits is not compiled, and reads C slowly: that is for functions of its own.

---@param entry dm.Entry
---@return ffi.cdata* node of its sample
---@return integer edits of that so far
local function node_of(entry)
  local s = entry.sample
  return root(s), s.edits
end

---Counts what came out of a sample.
---@param entry dm.Entry
---@param edits integer those of its sample before
---@param out integer
local function count_out(entry, s, edits, out)
  local count = entry.stage.rows.ops[entry.stage.number]
  count.out = count.out + out
  if out > 0 and not entry.children and (entry.changed or s.edits ~= edits) then
    count.changed = count.changed + 1
  end
end

---What a task does.
---@param entry dm.Entry
local function run(entry)
  local s, node, edits = entry.sample, node_of(entry)
  local ok, out = xpcall(execute, add_place, entry, entry.stage.op, node)
  if not ok then return failed(entry.stage, entry, out) end
  count_out(entry, s, edits, out)
end

---Hooks of tasks: the worker's board says whose code runs, and the clock runs for it.
---@param entry dm.Entry
function M.enter(entry)
  local stage, child = entry.stage, entry.child
  C.dm_rows_enter(stage.rows, entry.sample, entry.row, stage.number, child and child.number or 0, entry.turn)
end

---@param entry dm.Entry
---@param ended boolean
function M.leave(entry, ended)
  local stage = entry.stage
  C.dm_rows_leave(stage.rows, stage.number, ended and 1 or 0)
  if not ended then return end
  stage.running = stage.running - 1
  stage:weigh(entry)
end

---Notes the memory that an entry takes now.
---@param entry dm.Entry
function Stage:weigh(entry)
  local now = C.dm_rows_bytes(self.rows, entry.row, entry.sample or nil)
  if entry.children then
    for _, child in ipairs(entry.children) do now = now + C.dm_sample_memory(child) end
  end
  self.bytes = self.bytes + now - entry.bytes
  entry.bytes = now
end

---An entry that is to be filled in, with all fields that it will ever have: a table that grows is hashed anew.
---@return dm.Entry
local function new_entry(stage)
  local entry = stage.spare
  if entry then
    stage.spare = entry.after
    return entry
  end
  return setmetatable({ sample = false, row = 0, child = false, fate = false, children = false, changed = false,
    bytes = 0, after = false, turn = 0,
    co = false, run = false, woken = false, value = false, ended = false, undo = false, undo_arg = false,
  }, stage.entries)
end

---@return dm.Fate|false
local function fate_of(batch, i)
  return not batch.sample[i] and { op = batch.op[i], reason = batch.reason[i], value = batch.value[i],
    rejected = batch.rejected[i] }
end

---Sample i of a batch as an entry; its memory is the entry's from then on.
---@param batch dm.Batch
---@param i integer
---@return dm.Entry? entry nil when memory is short
function Stage:hold(batch, i)
  local s, own = batch.sample[i], batch.own[i]
  local row = C.dm_rows_hold(self.rows, batch.row[i], s or nil)
  if row < 0 then return nil end
  if s then C.dm_sample_hold(s) end
  if own then C.dm_sample_hold(own) end
  local entry = new_entry(self)
  local child = batch.child[i]
  entry.sample, entry.row, entry.fate = s, row, fate_of(batch, i)
  entry.child = child ~= "" and { child = child, number = batch.number[i], own = own }
  entry.children, entry.changed, entry.ended = false, false, not s
  entry.bytes, entry.after, entry.turn = 0, false, 0
  return entry
end

local function release(s)
  if s and s.pooled > 0 then sample_module.release(root(s)) end
end

---Gives back a row's samples and its memory once it is written.
---@param entry dm.Entry
---@return integer status
function Stage:give_back(entry)
  self.bytes, self.held = self.bytes - entry.bytes, self.held - 1
  release(entry.sample)
  if entry.child then release(entry.child.own) end
  if entry.children then
    for _, child in ipairs(entry.children) do release(child) end
  end
  entry.after, self.spare = self.spare, entry
  return C.dm_rows_release(self.rows, entry.row)
end

---Adds a sample to the batch that leaves.
local function put(out, entry, sample, child, number, own)
  local n, fate = out.n + 1, entry.fate
  out.n = n
  out.sample[n], out.row[n], out.child[n], out.number[n], out.own[n] = sample, entry.row, child, number, own
  if fate then
    out.op[n], out.reason[n], out.value[n], out.rejected[n] = fate.op, fate.reason, fate.value, fate.rejected
  end
end

local function put_entry(out, entry)
  local of = entry.child
  local name, number = of and of.child or "", of and of.number or 0
  if not entry.children then
    put(out, entry, not entry.fate and entry.sample, name, number, of and of.own or nil)
    return
  end
  for k, child in ipairs(entry.children) do
    put(out, entry, child, name .. "#" .. k, handed.child_number(number, k), child)
  end
end

---Puts what can leave into the batch, as far as it may go together.
---@return dm.Entry? rest the first one that stays
function Stage:gather()
  local out, entry = self.out, self.first
  out.n = 0
  while entry and entry.ended and out.n < BATCH do
    put_entry(out, entry)
    local followed = C.dm_rows_followed(self.rows, entry.row) == 1
    entry = entry.after
    if followed then break end
  end
  return entry
end

---Lets those out that have ended, as far as none before them still waits.
---@return integer status
function Stage:drain()
  while self.status == 0 and self.first and self.first.ended do
    local rest, kept = self:gather(), handed.count()
    local status = self.following(self.out)
    while self.first ~= rest do
      local entry = self.first
      self.first = entry.after
      local given = self:give_back(entry)
      if status == 0 then status = given end
    end
    handed.recycle(kept)
    if status < 0 then return status end
  end
  return self.status
end

---Whether no more rows are to come in for now.
---@return boolean
function Stage:is_full()
  local n, bytes = self.held, self.bytes
  return self.running >= self.most or n > 0 and bytes > MOST_BYTES or
    n >= WINDOW * self.most and (n >= LONG_WINDOW or bytes > SMALL_BYTES)
end

---Waits a while for what is under way.
---@return integer status
function Stage:pause()
  wait.step(100)
  local status = C.dm_rows_idle(self.rows)
  if status < 0 then return status end
  return self:drain()
end

local function begin(stage, entry)
  local count = stage.rows.ops[stage.number]
  count["in"] = count["in"] + 1
  stage.running = stage.running + 1
  wait.begin(entry, run)
end

---Takes the samples of a batch in.
---@param batch dm.Batch
---@return integer status
function Stage:push(batch)
  C.dm_rows_rest(self.rows)
  for i = 1, batch.n do
    while self:is_full() do
      local status = self:pause()
      if status < 0 then return status end
    end
    local entry = self:hold(batch, i)
    if not entry then return C.DM_EMEMORY end
    if self.first then self.last.after = entry else self.first = entry end
    self.last, self.held = entry, self.held + 1
    self:weigh(entry)
    if entry.sample then begin(self, entry) end
  end
  wait.step(0)
  return self:drain()
end

---Whether so many samples may wait in the stages that memory is dearer than time.
---@param stages dm.Stage[]
---@return boolean
function M.are_crowded(stages)
  for _, stage in ipairs(stages) do
    if stage.most >= MANY then return true end
  end
  return false
end

---Waits for the requests that are under way, so that their replies are kept, when the split is given up.
---@param rows ffi.cdata* struct dm_rows *
---@return integer status
function M.settle(rows)
  while wait.under_way() > 0 do
    wait.step(100)
    local status = C.dm_rows_idle(rows)
    if status < 0 then return status end
  end
  return C.DM_ESPENT
end

---Waits until the stages are empty, the first one first.
---@param stages dm.Stage[]
---@return integer status
function M.finish(stages)
  for _, stage in ipairs(stages) do
    while stage.first do
      local status = stage:drain()
      if status == 0 and stage.first then status = stage:pause() end
      if status < 0 then return status end
    end
  end
  return 0
end

return M
