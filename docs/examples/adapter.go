// A small adapter that reports on clusters and node pools that are not reconciled. It uses only the standard library.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

// Resource is a cluster or a node pool.
type Resource struct {
	ID, Name    string
	Generation  int64
	Spec        json.RawMessage
	DeletedTime *time.Time `json:"deleted_time"`
	Status      struct {
		Adapters []struct {
			Adapter, Available string
			ObservedGeneration int64 `json:"observed_generation"`
		}
	}
}

// Condition is one condition of a report.
type Condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

var (
	api     = cmp.Or(os.Getenv("API"), "http://localhost:8000/api/hyperfleet/v1")
	adapter = cmp.Or(os.Getenv("ADAPTER"), "dns")
	client  = http.Client{Timeout: 40 * time.Second}
)

// work applies the spec of a resource, or cleans up if it is being deleted, and returns the conditions to report.
func work(resource Resource) []Condition {
	if resource.DeletedTime != nil {
		return []Condition{
			{"Available", "False", "Deleted"}, {"Applied", "False", "Deleted"}, {"Health", "True", "Done"},
			{"Finalized", "True", "CleanedUp"},
		}
	}
	return []Condition{{"Available", "True", "Done"}, {"Applied", "True", "Done"}, {"Health", "True", "Done"}}
}

func waitsForOthers(resource Resource) bool {
	for _, entry := range resource.Status.Adapters {
		if entry.Adapter == adapter && entry.ObservedGeneration == resource.Generation && entry.Available == "True" {
			return resource.DeletedTime == nil
		}
	}
	return false
}

// ask sends a request, and returns an error if there is no response or the request is refused.
func ask(method, path string, body, answer any) (*http.Response, error) {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, api+path, &text)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 {
		problem, _ := io.ReadAll(response.Body)
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		time.Sleep(time.Duration(seconds) * time.Second)
		return response, fmt.Errorf("%s %s: %s %s", method, path, response.Status, problem)
	}
	if response.StatusCode == http.StatusNoContent {
		return response, nil
	}
	return response, json.NewDecoder(response.Body).Decode(answer)
}

func report(kind string, resource Resource) {
	body := map[string]any{"adapter": adapter, "observed_generation": resource.Generation, "conditions": work(resource)}
	response, err := ask("PUT", "/"+kind+"/"+resource.ID+"/statuses", body, new(any))
	switch {
	case response != nil && response.StatusCode == http.StatusNotFound: // The resource has been removed.
	case err != nil: // Continue with the next resource; the next round tries again.
		log.Println(err)
	default:
		log.Println(resource.Name, response.Status, response.Header.Get("HyperFleet-Discard-Reason"))
	}
}

func round(kind string) error {
	query := url.Values{"search": {"status.conditions.Reconciled = 'False'"}, "total": {"false"}}
	for {
		var page struct {
			Items []Resource
			Next  string
		}
		if _, err := ask("GET", "/"+kind+"?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, resource := range page.Items {
			if !waitsForOthers(resource) {
				report(kind, resource)
			}
		}
		if page.Next == "" {
			return nil
		}
		query.Set("cursor", page.Next)
	}
}

func main() {
	pause, err := time.ParseDuration(cmp.Or(os.Getenv("INTERVAL"), "5") + "s")
	if err != nil {
		log.Fatal(err)
	}
	for ; ; time.Sleep(pause) {
		for _, kind := range []string{"clusters", "nodepools"} {
			if err := round(kind); err != nil {
				log.Println(err)
			}
		}
	}
}
