-- Sends one kind of request. `{id}` in its path is replaced by a random id from a file.
local method, target, kind = os.getenv("METHOD"), os.getenv("TARGET"), os.getenv("KIND")
local run, spec, number = os.getenv("RUN"), os.getenv("SPEC"), 0
local headers = { ["Content-Type"] = "application/json" }
local ids = {}
for id in io.lines(os.getenv("IDS")) do ids[#ids + 1] = id end
math.randomseed(os.time())

local function body()
    if kind == "cluster" then
        number = number + 1
        return string.format(
            '{"kind":"Cluster","name":"a-%s-%d","spec":%s,"labels":{"tier":"bronze","env":"production","canary":"no"}}',
            run, number, spec)
    end
    local all = {}
    for index, name in ipairs({ "Available", "Applied", "Health" }) do
        all[index] = string.format('{"type":"%s","status":"True","reason":"AsExpected"}', name)
    end
    local time = os.date("!%Y-%m-%dT%H:%M:%SZ")
    return string.format('{"adapter":"dns","observed_generation":1,"observed_time":"%s","conditions":[%s]}', time,
        table.concat(all, ","))
end

request = function()
    local path = target:gsub("{id}", ids[math.random(#ids)])
    if kind == "" then return wrk.format(method, path) end
    return wrk.format(method, path, headers, body())
end
