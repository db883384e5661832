// Creates, lists, gets and reports with the types that openapi-typescript generates. Arguments: the URL of a server, and
// a name.
import assert from "node:assert";
import createClient from "openapi-fetch";
import type { paths } from "./openapi_typescript_client";

async function main() {
  const [server, name] = process.argv.slice(2);
  const api = createClient<paths>({ baseUrl: server });

  const body = { name, spec: { region: "europe-west1" } };
  const created = await api.POST("/api/hyperfleet/v1/clusters", { body });
  assert(created.data);
  assert.equal(created.data.name, name);
  const taken = await api.POST("/api/hyperfleet/v1/clusters", { body });
  assert.equal(taken.error?.code, "HYPERFLEET-CNF-001");

  const query = { search: `name = '${name}'` };
  const listed = await api.GET("/api/hyperfleet/v1/clusters", { params: { query } });
  assert.equal(listed.data?.items.length, 1);

  const path = { cluster_id: created.data.id };
  const reported = await api.PUT("/api/hyperfleet/v1/clusters/{cluster_id}/statuses", {
    params: { path },
    body: { adapter: "dns", observed_generation: 1, conditions: [{ type: "Available", status: "True" }] },
  });
  assert.equal(reported.data?.adapter, "dns");

  const got = await api.GET("/api/hyperfleet/v1/clusters/{cluster_id}", { params: { path } });
  assert.equal(got.data?.status.phase, "Ready");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
