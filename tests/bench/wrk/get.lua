-- Reads random clusters of the fleet.
local fleet, base = tonumber(os.getenv("FLEET")), tonumber(os.getenv("BASE"))
math.randomseed(os.time())

request = function()
    local ms = base + math.random(1, fleet)
    local path = string.format("/api/hyperfleet/v1/clusters/%08x-%04x-7000-8000-000000000000",
        math.floor(ms / 65536), ms % 65536)
    return wrk.format("GET", path)
end
