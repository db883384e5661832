-- Lists the newest 100 clusters with the total.
request = function()
    return wrk.format("GET", "/api/hyperfleet/v1/clusters?size=100")
end
