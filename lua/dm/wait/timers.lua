-- What is to happen when a time is over: a heap, the earliest first. What is forgotten stays in it until its time
-- comes, or until it is more than half of all.
local M = {}

---@class dm.Timer
---@field at number of C.dm_loop_now, in milliseconds
---@field task dm.Task? that wakes then
---@field call fun()? what is called then; neither: forgotten

local heap = {} ---@type dm.Timer[]
local forgotten = 0

local function sift_up(i)
  local item = heap[i]
  while i > 1 do
    local above = math.floor(i / 2)
    if heap[above].at <= item.at then break end
    heap[i] = heap[above]
    i = above
  end
  heap[i] = item
end

local function sift_down(item)
  local i, n = 1, #heap
  while true do
    local below = 2 * i
    if below > n then break end
    if below < n and heap[below + 1].at < heap[below].at then below = below + 1 end
    if heap[below].at >= item.at then break end
    heap[i] = heap[below]
    i = below
  end
  heap[i] = item
end

local function pop()
  local item, moved = heap[1], table.remove(heap)
  if #heap > 0 then sift_down(moved) end
  if not item.task and not item.call then forgotten = forgotten - 1 end
  return item
end

-- A sorted list is a heap.
local function drop_forgotten()
  local kept = {}
  for _, item in ipairs(heap) do
    if item.task or item.call then kept[#kept + 1] = item end
  end
  table.sort(kept, function(a, b) return a.at < b.at end)
  heap, forgotten = kept, 0
end

---@param timer dm.Timer
---@return dm.Timer
function M.add(timer)
  heap[#heap + 1] = timer
  sift_up(#heap)
  return timer
end

---Takes a timer back. Nothing when its time has come already.
---@param timer dm.Timer
function M.forget(timer)
  if not timer.task and not timer.call then return end
  timer.task, timer.call = nil, nil
  forgotten = forgotten + 1
  if forgotten > 1000 and forgotten > #heap / 2 then drop_forgotten() end
end

---Whether none is left that does something.
---@return boolean
function M.is_empty()
  return #heap <= forgotten
end

---When the next one's time is over, which may be one that was forgotten.
---@return number? at
function M.next_at()
  return heap[1] and heap[1].at
end

---Takes out one whose time is over.
---@param now number
---@return dm.Task? task
---@return fun()? call
---@return boolean taken false: there is none
function M.take(now)
  if not heap[1] or heap[1].at > now then return nil, nil, false end
  local item = pop()
  local task, call = item.task, item.call
  item.task, item.call = nil, nil
  return task, call, true
end

return M
