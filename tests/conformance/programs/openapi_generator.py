"""Creates, lists, gets and reports with the client that openapi-generator generates. Arguments: the URL of a server, and
a name."""

import sys

import openapi_client as client

server, name = sys.argv[1:]
with client.ApiClient(client.Configuration(host=server)) as connection:
    clusters, statuses = client.ClustersApi(connection), client.StatusesApi(connection)
    body = client.ClusterCreateRequest(name=name, spec={"region": "europe-west1"})
    created = clusters.post_cluster(body)
    assert created.name == name, created
    try:
        clusters.post_cluster(body)
        raise AssertionError("the name was taken")
    except client.exceptions.ConflictException as refused:
        assert refused.data.code == "HYPERFLEET-CNF-001", refused
    listed = clusters.get_clusters(search=f"name = '{name}'")
    assert len(listed.items) == 1, listed
    condition = client.ConditionRequest(type="Available", status=client.ConditionStatus.TRUE)
    report = client.AdapterStatusCreateRequest(adapter="dns", observed_generation=1, conditions=[condition])
    reported = statuses.put_cluster_statuses(created.id, report)
    assert reported.adapter == "dns", reported
    assert clusters.get_cluster_by_id(created.id).status.phase == client.Phase.READY
