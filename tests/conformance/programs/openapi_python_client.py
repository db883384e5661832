"""Creates, lists, gets and reports with the client that openapi-python-client generates. Arguments: the URL of a server,
and a name."""

import sys

from client import Client, models
from client.api.clusters import get_cluster_by_id, get_clusters, post_cluster
from client.api.statuses import put_cluster_statuses

server, name = sys.argv[1:]
with Client(base_url=server) as connection:
    spec = models.ClusterCreateRequestSpec.from_dict({"region": "europe-west1"})
    body = models.ClusterCreateRequest(name=name, spec=spec)
    created = post_cluster.sync(client=connection, body=body)
    assert isinstance(created, models.Cluster) and created.name == name, created
    taken = post_cluster.sync(client=connection, body=body)
    assert isinstance(taken, models.Problem) and taken.code == "HYPERFLEET-CNF-001", taken
    listed = get_clusters.sync(client=connection, search=f"name = '{name}'")
    assert isinstance(listed, models.ClusterList) and len(listed.items) == 1, listed
    condition = models.ConditionRequest(type_="Available", status=models.ConditionStatus.TRUE)
    report = models.AdapterStatusCreateRequest(adapter="dns", observed_generation=1, conditions=[condition])
    reported = put_cluster_statuses.sync(created.id, client=connection, body=report)
    assert isinstance(reported, models.AdapterStatus) and reported.adapter == "dns", reported
    got = get_cluster_by_id.sync(created.id, client=connection)
    assert isinstance(got, models.Cluster) and got.status.phase == models.Phase.READY, got
