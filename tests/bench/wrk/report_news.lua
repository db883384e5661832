-- Reports that change conditions, on random clusters of the fleet.
local fleet, base = tonumber(os.getenv("FLEET")), tonumber(os.getenv("BASE"))
local run, number = os.getenv("RUN"), 0
local headers = { ["Content-Type"] = "application/json" }
math.randomseed(os.time())

request = function()
    number = number + 1
    local conditions = {}
    for index, name in ipairs({ "Available", "Applied", "Health" }) do
        conditions[index] = string.format('{"type":"%s","status":"True","reason":"Nr%s_%d"}', name, run, number)
    end
    local body = string.format('{"adapter":"dns","observed_generation":1,"conditions":[%s]}', table.concat(conditions, ","))
    local ms = base + math.random(1, fleet)
    local path = string.format("/api/hyperfleet/v1/clusters/%08x-%04x-7000-8000-000000000000/statuses",
        math.floor(ms / 65536), ms % 65536)
    return wrk.format("PUT", path, headers, body)
end
