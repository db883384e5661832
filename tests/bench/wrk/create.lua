-- Creates clusters with three labels.
local run, spec, number = os.getenv("RUN"), os.getenv("SPEC"), 0
local headers = { ["Content-Type"] = "application/json" }

request = function()
    number = number + 1
    local body = string.format(
        '{"kind":"Cluster","name":"w-%s-%d","spec":%s,"labels":{"tier":"bronze","env":"production","canary":"no"}}',
        run, number, spec)
    return wrk.format("POST", "/api/hyperfleet/v1/clusters", headers, body)
end
