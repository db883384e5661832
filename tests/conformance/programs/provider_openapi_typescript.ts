// Creates a cluster and a node pool through the fields of a provider's spec, with the types that openapi-typescript
// generates. Arguments: the URL of a server with the provider's schema, and a name.
import assert from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./provider_openapi_typescript_client";

type ClusterSpec = components["schemas"]["ClusterSpec"];

const platform: ClusterSpec["platform"] = { type: "gcp", gcp: { project_id: "my-project", region: "europe-west1" } };
const spec: ClusterSpec = { platform, release: { version: "4.19.7", channel: "stable" } };

// The compiler refuses each of these statements. It also refuses an `expect-error` comment without an error.
// @ts-expect-error: of another type
export const typed: ClusterSpec = { ...spec, release: { version: 4, channel: "stable" } };
// @ts-expect-error: not one of the values
export const listed: ClusterSpec = { ...spec, release: { version: "4.19.7", channel: "nightly" } };
// @ts-expect-error: incomplete
export const incomplete: ClusterSpec = { release: spec.release };
// @ts-expect-error: unknown
export const unknown: ClusterSpec = { ...spec, region: "europe-west1" };

async function main() {
  const [server, name] = process.argv.slice(2);
  const api = createClient<paths>({ baseUrl: server });

  const created = await api.POST("/api/hyperfleet/v1/clusters", { body: { name, spec } });
  assert(created.data);
  assert.equal(created.data.spec.platform.gcp.region, "europe-west1");

  const path = { cluster_id: created.data.id };
  const autoscaling = { kind: "range", min: 1, max: 5 } as const;
  const workers = { name: "workers", spec: { machine_type: "n2-standard-8", replicas: 3, autoscaling } };
  const pool = await api.POST("/api/hyperfleet/v1/clusters/{cluster_id}/nodepools", { params: { path }, body: workers });
  assert.equal(pool.data?.spec.replicas, 3);

  // The server refuses a value that the types cannot exclude, with the path of the field.
  const short = { ...spec, platform: { ...platform, gcp: { ...platform.gcp, region: "eu" } } };
  const refused = await api.PATCH("/api/hyperfleet/v1/clusters/{cluster_id}", { params: { path }, body: { spec: short } });
  assert.equal(refused.error?.errors?.[0].field, "spec.platform.gcp.region");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
