// Creates, lists, gets and reports with the client that oapi-codegen generates. Arguments: the URL of a server, and a name.
package main

import (
	"context"
	"log"
	"os"

	client "clients/oapi_codegen/client"
)

func main() {
	ctx := context.Background()
	server, name := os.Args[1], os.Args[2]
	api, err := client.NewClientWithResponses(server)
	must(err)

	body := client.ClusterCreateRequest{Name: name, Spec: map[string]any{"region": "europe-west1"}}
	created, err := api.PostClusterWithResponse(ctx, nil, body)
	must(err)
	expect(created.JSON201 != nil && created.JSON201.Name == name, created.Status())
	taken, err := api.PostClusterWithResponse(ctx, nil, body)
	must(err)
	expect(taken.ApplicationproblemJSON409 != nil && taken.ApplicationproblemJSON409.Code == "HYPERFLEET-CNF-001", taken.Status())

	search := "name = '" + name + "'"
	listed, err := api.GetClustersWithResponse(ctx, &client.GetClustersParams{Search: &search})
	must(err)
	expect(listed.JSON200 != nil && len(listed.JSON200.Items) == 1, listed.Status())

	id := created.JSON201.Id
	condition := client.ConditionRequest{Type: "Available", Status: client.ConditionStatusTrue}
	report := client.AdapterStatusCreateRequest{Adapter: "dns", ObservedGeneration: 1, Conditions: []client.ConditionRequest{condition}}
	reported, err := api.PutClusterStatusesWithResponse(ctx, id, report)
	must(err)
	expect(reported.JSON201 != nil && reported.JSON201.Adapter == "dns", reported.Status())

	got, err := api.GetClusterByIdWithResponse(ctx, id, nil)
	must(err)
	expect(got.JSON200 != nil && got.JSON200.Status.Phase == client.PhaseReady, got.Status())
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
