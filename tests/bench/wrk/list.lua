-- Lists the newest hundred.
request = function()
    return wrk.format("GET", "/api/hyperfleet/v1/clusters?size=100&total=false")
end
