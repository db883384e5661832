// Creates a cluster and a node pool through the fields of a provider's spec, with the types that oapi-codegen generates.
// Arguments: the URL of a server with the provider's schema, and a name.
package main

import (
	"context"
	"log"
	"os"

	client "clients/provider_oapi_codegen/client"
)

func main() {
	ctx := context.Background()
	server, name := os.Args[1], os.Args[2]
	api, err := client.NewClientWithResponses(server)
	must(err)

	var spec client.ClusterSpec
	spec.Platform.Type = client.Gcp
	spec.Platform.Gcp.ProjectId = "my-project"
	spec.Platform.Gcp.Region = "europe-west1"
	spec.Release.Channel = client.Stable
	spec.Release.Version = "4.19.7"
	created, err := api.PostClusterWithResponse(ctx, nil, client.ClusterCreateRequest{Name: name, Spec: spec})
	must(err)
	expect(created.JSON201 != nil && created.JSON201.Spec.Platform.Gcp.Region == "europe-west1", created.Status())

	id := created.JSON201.Id
	var autoscaling client.NodePoolSpec_Autoscaling
	least, most := 1, 5
	must(autoscaling.FromRange(client.Range{Min: &least, Max: &most}))
	workers := client.NodePoolSpec{MachineType: "n2-standard-8", Replicas: 3, Autoscaling: &autoscaling}
	pool, err := api.CreateNodePoolWithResponse(ctx, id, nil, client.NodePoolCreateRequest{Name: "workers", Spec: workers})
	must(err)
	expect(pool.JSON201 != nil && pool.JSON201.Spec.Replicas == 3, pool.Status())

	// The server refuses a value that the types cannot exclude, with the path of the field.
	spec.Platform.Gcp.Region = "eu"
	refused, err := api.PatchClusterByIdWithResponse(ctx, id, nil, client.ClusterPatchRequest{Spec: &spec})
	must(err)
	problem := refused.ApplicationproblemJSON400
	expect(problem != nil && (*problem.Errors)[0].Field == "spec.platform.gcp.region", refused.Status())
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func expect(holds bool, answered string) {
	if !holds {
		log.Fatalf("answered %s", answered)
	}
}
