-- Lists the newest hundred and counts all.
request = function()
    return wrk.format("GET", "/api/hyperfleet/v1/clusters?size=100")
end
