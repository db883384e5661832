-- The load of a fleet at a constant rate: reads, lists, reports, and the lifecycle of clusters.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { long seconds; long microseconds; } hyperfleet_time; int gettimeofday(hyperfleet_time *, void *); ]]

local fleet, base = tonumber(os.getenv("FLEET")), tonumber(os.getenv("BASE"))
local run, spec, rate = os.getenv("RUN"), os.getenv("SPEC"), tonumber(os.getenv("RATE") or "0")
local api = "/api/hyperfleet/v1/clusters"
local headers = { ["Content-Type"] = "application/json" }
math.randomseed(os.time())

local function conditions(finalized)
    local all = {}
    for index, name in ipairs({ "Available", "Applied", "Health" }) do
        all[index] = string.format('{"type":"%s","status":"True","reason":"AsExpected"}', name)
    end
    if finalized then all[#all + 1] = '{"type":"Finalized","status":"True"}' end
    return "[" .. table.concat(all, ",") .. "]"
end
local reported, finalized = conditions(false), conditions(true)

local function report(path, adapter, generation, what)
    local body = string.format('{"adapter":"%s","observed_generation":%d,"conditions":%s}', adapter, generation, what)
    return wrk.format("PUT", path .. "/statuses", headers, body)
end

local function member()
    local ms = base + math.random(1, fleet)
    return string.format("%s/%08x-%04x-7000-8000-000000000000", api, math.floor(ms / 65536), ms % 65536)
end

-- Clusters that this load has created, by their next step. Each queue holds more clusters than there are connections,
-- so that the previous step of a cluster has been answered.
local steps, lag = { {}, {}, {}, {} }, 200
local function due(step)
    local queue = steps[step]
    return #queue > lag and table.remove(queue, 1) or nil
end
local function later(step, path) table.insert(steps[step], path) end

local number = 0
local function create()
    number = number + 1
    local body = string.format(
        '{"kind":"Cluster","name":"m-%s-%d","spec":%s,"labels":{"tier":"bronze","env":"production","canary":"no"}}',
        run, number, spec)
    return wrk.format("POST", api, headers, body)
end

-- The lifecycle: create, report, change, delete, report Finalized.
local function live()
    local path = due(4)
    if path then return report(path, "dns", 3, finalized) end
    path = due(3)
    if path then later(4, path) return wrk.format("DELETE", path) end
    path = due(2)
    if path then later(3, path) return wrk.format("PATCH", path, headers, '{"spec":{"changed":true}}') end
    path = due(1)
    if path then later(2, path) return report(path, "dns", 1, reported) end
    return create()
end

request = function()
    local dice = math.random(100)
    if dice <= 45 then return wrk.format("GET", member()) end
    if dice <= 50 then return wrk.format("GET", api .. "?size=100&total=false") end
    if dice <= 52 then return wrk.format("GET", api .. "?search=labels.tier%3D%27gold%27&size=20") end
    if dice <= 92 then return report(member(), "dns", 1, reported) end
    return live()
end

-- The scheduled time of each request. Late requests are sent immediately.
local function now()
    local time = ffi.new("hyperfleet_time")
    ffi.C.gettimeofday(time, nil)
    return tonumber(time.seconds) * 1000 + tonumber(time.microseconds) / 1000
end
local slot = now()
if rate > 0 then
    delay = function()
        slot = math.max(slot + 1000 / rate, now() - 1000)
        return math.max(0, math.floor(slot - now() + 0.5))
    end
end

response = function(status, answered)
    local path = status == 201 and (answered["Location"] or answered["location"])
    if path then later(1, path) end
end
