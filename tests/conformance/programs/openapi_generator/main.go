// Creates, lists, gets and reports with the client that openapi-generator generates. Arguments: the URL of a server, and
// a name.
package main

import (
	"context"
	"errors"
	"log"
	"os"

	client "clients/openapi_generator/client"
)

func main() {
	ctx := context.Background()
	server, name := os.Args[1], os.Args[2]
	configuration := client.NewConfiguration()
	configuration.Servers = client.ServerConfigurations{{URL: server}}
	api := client.NewAPIClient(configuration)

	body := *client.NewClusterCreateRequest(name, map[string]any{"region": "europe-west1"})
	created, _, err := api.ClustersAPI.PostCluster(ctx).ClusterCreateRequest(body).Execute()
	must(err)
	expect(created.Name == name, created)
	_, _, err = api.ClustersAPI.PostCluster(ctx).ClusterCreateRequest(body).Execute()
	var refused *client.GenericOpenAPIError
	expect(errors.As(err, &refused), err)
	problem, ok := refused.Model().(client.Problem)
	expect(ok && problem.Code == "HYPERFLEET-CNF-001", refused.Model())

	listed, _, err := api.ClustersAPI.GetClusters(ctx).Search("name = '" + name + "'").Execute()
	must(err)
	expect(len(listed.Items) == 1, listed)

	condition := *client.NewConditionRequest(client.CONDITIONSTATUS_TRUE, "Available")
	report := *client.NewAdapterStatusCreateRequest("dns", []client.ConditionRequest{condition}, 1)
	reported, _, err := api.StatusesAPI.PutClusterStatuses(ctx, created.Id).AdapterStatusCreateRequest(report).Execute()
	must(err)
	expect(reported.Adapter == "dns", reported)

	got, _, err := api.ClustersAPI.GetClusterById(ctx, created.Id).Execute()
	must(err)
	expect(got.Status.Phase == client.PHASE_READY, got)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func expect(holds bool, answer any) {
	if !holds {
		log.Fatalf("answered %+v", answer)
	}
}
