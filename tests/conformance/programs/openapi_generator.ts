// Creates, lists, gets and reports with the client that openapi-generator generates. Arguments: the URL of a server, and
// a name.
import assert from "node:assert";
import { ClustersApi, ConditionStatus, Configuration, Phase, ProblemFromJSON, ResponseError, StatusesApi } from "./openapi_generator_client";

async function main() {
  const [server, name] = process.argv.slice(2);
  const configuration = new Configuration({ basePath: server });
  const clusters = new ClustersApi(configuration);
  const statuses = new StatusesApi(configuration);

  const clusterCreateRequest = { name, spec: { region: "europe-west1" } };
  const created = await clusters.postCluster({ clusterCreateRequest });
  assert.equal(created.name, name);
  const refused = await clusters.postCluster({ clusterCreateRequest }).then(() => undefined, (error: unknown) => error);
  assert(refused instanceof ResponseError);
  assert.equal(ProblemFromJSON(await refused.response.json()).code, "HYPERFLEET-CNF-001");

  const listed = await clusters.getClusters({ search: `name = '${name}'` });
  assert.equal(listed.items.length, 1);

  const conditions = new Set([{ type: "Available", status: ConditionStatus.True }]);
  const adapterStatusCreateRequest = { adapter: "dns", observedGeneration: 1, conditions };
  const reported = await statuses.putClusterStatuses({ clusterId: created.id, adapterStatusCreateRequest });
  // A discarded report has no response body.
  assert.equal(reported?.adapter, "dns");

  const got = await clusters.getClusterById({ clusterId: created.id });
  assert.equal(got.status.phase, Phase.Ready);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
