-- Lists the newest 100 clusters.
request = function()
    return wrk.format("GET", "/api/hyperfleet/v1/clusters?size=100&total=false")
end
