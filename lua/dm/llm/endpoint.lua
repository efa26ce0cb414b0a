-- A server that is asked: how many requests it gets at once, and when. The number grows while the server answers and
-- shrinks when it says that it has too much to do, as TCP finds the rate of a line (Jacobson, "Congestion avoidance
-- and control", 1988). One that can not be reached is tried again and again until it is back, or the time for that
-- is over.
local bytes = require "dm.bytes"
local ffi = require "ffi"
local fifo = require "dm.fifo"
local raised = require "dm.raised"
local wait = require "dm.wait"

local C = ffi.C
local err = ffi.new "struct dm_error"
local grant = ffi.new "struct dm_grant"

local M = {}

-- Requests at once in the beginning, at least and of the most there may be: those doublings take a reply's time each.
local FIRST, FIRST_SHARE = 64, 1 / 16
-- How the pauses grow in which one that is away is not asked.
local PAUSE_MS, LONGEST_PAUSE_MS = 250, 5000
-- It is said that a server is away only when that lasts.
local QUIET_MS = 2000
-- Replies that take so much longer than they did are a sign of a queue.
local SLOWER, SLACK_MS = 4, 50
-- How often a coordinator in the same process is looked at, which does not wake who waits.
local LOOK_MS = 20

---@class dm.Endpoint
---@field name string for people
---@field most integer requests at once, at the most
---@field limit number requests at once, now
---@field growing boolean the limit was never too high yet, and grows faster
---@field shrunk_at number when it last shrank, in the loop's milliseconds
---@field latency number? milliseconds that replies take of late
---@field best number? the least of that, of late
---@field busy integer requests under way
---@field outage number milliseconds that it may be away
---@field away_since number? when it could not be reached for the first time
---@field said boolean? a person was told that it is away
---@field closed_until number nobody is asked before that
---@field pause number milliseconds for which it is closed next when it can not be reached
---@field want ffi.cdata* struct dm_want: what the coordinator is to be told
---@field telling boolean? it is among those that have something to tell
---@field queue dm.Fifo tasks that wait for their turn; false: one that was interrupted
---@field asking dm.Fifo tasks that wait for what is wanted
---@field metered boolean? whether the coordinator is asked before each request; nil: it is not known yet
local Endpoint = {}
Endpoint.__index = Endpoint

local known = {}
-- Those that have something to tell the coordinator; how many tasks wait for its answer; that all is over.
local telling, waiting, over = {}, 0, false
local looking = false -- the loop wakes soon

local function first(most)
  return math.min(most, math.max(FIRST, math.floor(most * FIRST_SHARE)))
end

---The endpoint of that name, one for all operators of a process.
---@param name string
---@param most integer
---@param outage number milliseconds
---@return dm.Endpoint
function M.get(name, most, outage)
  local e = known[name]
  if not e then
    local number = tonumber(bytes.xxh3(name):sub(1, 13), 16) -- as many bits of a hash as a number holds
    e = setmetatable({ name = name, most = most, limit = first(most), busy = 0, outage = outage,
      growing = true, queue = fifo.new(), shrunk_at = 0, closed_until = 0, pause = PAUSE_MS,
      want = ffi.new("struct dm_want", { endpoint = number }), asking = fifo.new() }, Endpoint)
    known[name] = e
  end
  e.most, e.outage = math.max(e.most, most), outage
  return e
end

---Takes the task that runs, which was interrupted, out of the queue; or its turn, when that has come.
local function forget(self)
  if not self.queue:replace(wait.self(), false) then self:leave() end
end

---Whether nobody is asked for now.
---@return boolean
function Endpoint:is_closed()
  return self.closed_until > 0 and self.closed_until > C.dm_loop_now()
end

---Lets those go on that wait for their turn.
function Endpoint:open()
  if self.queue.n == 0 or self:is_closed() then return end
  while self.queue.n > 0 and self.busy < math.floor(self.limit) do
    local task = self.queue:pop()
    if task then
      self.busy = self.busy + 1
      wait.wake(task)
    end
  end
end

---How much the server takes in a minute, whoever asks; nil: no limit is known.
---@param requests integer?
---@param tokens integer?
function Endpoint:set_rates(requests, tokens)
  local want = self.want
  if requests then want.requests_per_minute = requests end
  if tokens then want.tokens_per_minute = tokens end
end

---Has the coordinator be told before the worker waits.
local function tell_soon(self)
  if self.telling then return end
  self.telling = true
  telling[#telling + 1] = self
end

---Whether requests are asked for first.
local function is_metered(self)
  if self.metered == nil then
    local limits, want = C.dm_metered(), self.want
    self.metered = limits == 2 or limits == 1 and (want.requests_per_minute > 0 or want.tokens_per_minute > 0)
  end
  return self.metered
end

---Waits until the coordinator lets a request be made.
---@param tokens integer
---@param cost integer
local function ask_for(self, tokens, cost)
  local want = self.want
  if not over then
    want.n, want.tokens, want.cost = want.n + 1, want.tokens + tokens, want.cost + cost
    tell_soon(self)
    waiting = waiting + 1
    local me = wait.self()
    self.asking:push(me)
    wait.park(me)
  end
  if over then
    self:leave()
    raised.end_run("no more requests may be made", true)
  end
end

---Notes what came of a request that the coordinator let be made.
---@param returned integer 1: it did not reach the server
---@param tokens integer that it took beyond what was said before
---@param cost integer
function Endpoint:settle(returned, tokens, cost)
  if not is_metered(self) then return end
  local want = self.want
  want.ended, want.returned = want.ended + 1, want.returned + returned
  want.more_tokens, want.more_cost = want.more_tokens + tokens, want.more_cost + cost
  tell_soon(self)
end

local function look() looking = false end

---Tells the coordinator what is wanted.
local function tell()
  for i, e in ipairs(telling) do
    local want = e.want
    if C.dm_want(want, err) < 0 then raised.end_run(ffi.string(err.text)) end
    want.n, want.tokens, want.cost, want.ended, want.returned, want.more_tokens, want.more_cost = 0, 0, 0, 0, 0, 0, 0
    e.telling, telling[i] = false, nil
  end
  if waiting > 0 and not looking then
    looking = true
    wait.after(LOOK_MS, look)
  end
end

local function by_number(number)
  for _, e in pairs(known) do
    if e.want.endpoint == number then return e end
  end
end

---Wakes those who may ask now.
local function take_grants()
  while waiting > 0 do
    local found = C.dm_grant_next(grant, err)
    if found < 0 then raised.end_run(ffi.string(err.text)) end
    if found == 0 then return end
    local e = by_number(grant.endpoint)
    over = over or grant.over == 1
    local n = grant.over == 1 and e.asking.n or math.min(e.asking.n, tonumber(grant.n))
    for _ = 1, n do wait.wake(e.asking:pop()) end
    waiting = waiting - n
  end
end

wait.before_wait(tell)
wait.add_source { take = take_grants, pending = function() return waiting > 0 end }

---Waits until a request may be made.
---@param tokens integer that it may take
---@param cost integer the same, in billionths
function Endpoint:enter(tokens, cost)
  self:take_turn()
  if is_metered(self) then ask_for(self, tokens, cost) end
end

---Waits until the server may get another request.
function Endpoint:take_turn()
  if self.queue.n == 0 and self.busy < math.floor(self.limit) and not self:is_closed() then
    self.busy = self.busy + 1
    return
  end
  local me = wait.self()
  self.queue:push(me)
  wait.park(me, forget, self)
end

---A request has ended, however it did.
function Endpoint:leave()
  self.busy = self.busy - 1
  self:open()
end

---Fewer requests at once from now on. Not for what was sent before that was last decided: it is no news.
---@param kept number the share that is left
---@param ms number how long the request took that tells us
function Endpoint:shrink(kept, ms)
  local now = C.dm_loop_now()
  self.growing = false
  if now - ms < self.shrunk_at then return end
  self.shrunk_at = now
  self.limit = math.max(1, math.min(self.limit, self.busy + 1) * kept)
end

local function note_latency(self, ms)
  self.latency = self.latency and self.latency * 0.95 + ms * 0.05 or ms
  self.best = self.best and math.min(self.best * 1.0005, self.latency) or self.latency
end

---The server has answered, whatever it said.
function Endpoint:reached()
  if not self.away_since then return end
  if self.said then io.stderr:write("dmhost: ", self.name, " answers again; the run goes on\n") end
  self.away_since, self.said, self.pause = nil, nil, PAUSE_MS
end

---A request was answered in so many milliseconds.
---@param ms number
function Endpoint:succeeded(ms)
  note_latency(self, ms)
  if self.latency > SLOWER * self.best + SLACK_MS then
    self:shrink(0.95, ms)
  elseif self.busy + 1 >= self.limit / 2 then
    self.limit = math.min(self.most, self.limit + (self.growing and 1 or 1 / self.limit))
  end
end

---Nobody is asked for so long.
---@param ms number
function Endpoint:close(ms)
  self.closed_until = math.max(self.closed_until, C.dm_loop_now() + ms)
end

---The server could not be reached: waits until it is worth another try. Raises when it has been away for too long.
---@param why string
---@param ms number how long it took to see that
function Endpoint:unreachable(why, ms)
  local now = C.dm_loop_now()
  self.away_since = self.away_since or now
  self:shrink(0.5, ms)
  local away = now - self.away_since
  if away > self.outage then raised.end_run(("%s can not be reached: %s"):format(self.name, why)) end
  if away > QUIET_MS and not self.said then
    self.said = true
    io.stderr:write("dmhost: ", self.name, " can not be reached (", why, "); the run waits for it\n")
  end
  if self.closed_until <= now then
    self:close(self.pause)
    self.pause = math.min(self.pause * 2, LONGEST_PAUSE_MS)
  end
  self:sleep_closed()
end

---Waits until the endpoint is open again, and opens it for others.
function Endpoint:sleep_closed()
  local left = self.closed_until - C.dm_loop_now()
  if left > 0 then wait.sleep(left) end
  self:open()
end

return M
