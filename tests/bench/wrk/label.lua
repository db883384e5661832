-- Reads the first page of the clusters with a label, as a Sentinel does: 20 of them, with the total.
request = function()
    return wrk.format("GET", "/api/hyperfleet/v1/clusters?search=labels.tier%3D%27gold%27&size=20")
end
