-- Changes the spec of random clusters of the fleet.
local fleet, base, spec = tonumber(os.getenv("FLEET")), tonumber(os.getenv("BASE")), os.getenv("SPEC")
local number, run = 0, tonumber(os.getenv("RUN")) % 1000000000
local headers = { ["Content-Type"] = "application/json" }
math.randomseed(os.time())

request = function()
    number = number + 1
    local changed = string.gsub(spec, '"nodes":5', string.format('"nodes":%d', run + number))
    local ms = base + math.random(1, fleet)
    local path = string.format("/api/hyperfleet/v1/clusters/%08x-%04x-7000-8000-000000000000",
        math.floor(ms / 65536), ms % 65536)
    return wrk.format("PATCH", path, headers, '{"spec":' .. changed .. "}")
end
