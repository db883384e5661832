// Creates, lists, gets and reports with the client that ogen generates. Arguments: the URL of a server, and a name.
package main

import (
	"context"
	"log"
	"os"

	"github.com/go-faster/jx"

	client "clients/ogen/client"
)

type token struct{}

func (token) BearerAuth(context.Context, client.OperationName) (client.BearerAuth, error) {
	return client.BearerAuth{Token: "none"}, nil
}

func main() {
	ctx := context.Background()
	server, name := os.Args[1], os.Args[2]
	api, err := client.NewClient(server, token{})
	must(err)

	spec := client.ClusterCreateRequestSpec{"region": jx.Raw(`"europe-west1"`)}
	body := client.ClusterCreateRequest{Name: name, Spec: spec}
	answer, err := api.PostCluster(ctx, &body, client.PostClusterParams{})
	must(err)
	created, ok := answer.(*client.ClusterHeaders)
	expect(ok && created.Response.Name == name && created.Location != "", answer)
	answer, err = api.PostCluster(ctx, &body, client.PostClusterParams{})
	must(err)
	taken, ok := answer.(*client.PostClusterConflict)
	expect(ok && taken.Code == "HYPERFLEET-CNF-001", answer)

	search := client.NewOptString("name = '" + name + "'")
	list, err := api.GetClusters(ctx, client.GetClustersParams{Search: search})
	must(err)
	listed, ok := list.(*client.ClusterList)
	expect(ok && len(listed.Items) == 1, list)

	id := created.Response.ID
	condition := client.ConditionRequest{Type: "Available", Status: client.ConditionStatusTrue}
	report := client.AdapterStatusCreateRequest{Adapter: "dns", ObservedGeneration: 1, Conditions: []client.ConditionRequest{condition}}
	outcome, err := api.PutClusterStatuses(ctx, &report, client.PutClusterStatusesParams{ClusterID: id})
	must(err)
	reported, ok := outcome.(*client.AdapterStatus)
	expect(ok && reported.Adapter == "dns", outcome)

	one, err := api.GetClusterById(ctx, client.GetClusterByIdParams{ClusterID: id})
	must(err)
	got, ok := one.(*client.GetClusterByIdOKHeaders)
	expect(ok && got.Response.Status.Phase == client.PhaseReady, one)
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
