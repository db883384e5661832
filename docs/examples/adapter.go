// A small adapter: reports on every cluster that is not reconciled. Only the standard library.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"time"
)

type Cluster struct {
	ID, Name    string
	Generation  int64
	Spec        json.RawMessage
	DeletedTime *time.Time `json:"deleted_time"`
}

type Condition struct {
	Type   string `json:"type"`
	Status string `json:"status"`
	Reason string `json:"reason"`
}

// work brings the world in line with the spec, or cleans up, and answers the conditions to report.
func work(cluster Cluster) []Condition {
	if cluster.DeletedTime != nil {
		return []Condition{{"Available", "False", "Deleted"}, {"Finalized", "True", "CleanedUp"}}
	}
	return []Condition{{"Available", "True", "Done"}, {"Health", "True", "Done"}}
}

func ask(method, path string, body, answer any) (*http.Response, error) {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequest(method, setting("API", "http://localhost:8000/api/hyperfleet/v1")+path, &text)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token := os.Getenv("TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode >= 400 { // 404: removed meanwhile. 408, 429, 5xx: try again. Another 4xx: a defect.
		return nil, fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	if response.StatusCode == http.StatusNoContent {
		return response, nil
	}
	return response, json.NewDecoder(response.Body).Decode(answer)
}

func round() error {
	query := url.Values{"search": {"status.conditions.Reconciled = 'False'"}, "total": {"false"}}
	for {
		var page struct {
			Items []Cluster
			Next  string
		}
		if _, err := ask("GET", "/clusters?"+query.Encode(), nil, &page); err != nil {
			return err
		}
		for _, cluster := range page.Items {
			report := map[string]any{"adapter": setting("ADAPTER", "dns"), "observed_generation": cluster.Generation, "conditions": work(cluster)}
			response, err := ask("PUT", "/clusters/"+cluster.ID+"/statuses", report, new(any))
			if err != nil {
				return err
			}
			log.Println(cluster.Name, response.Status, response.Header.Get("HyperFleet-Discard-Reason"))
		}
		if page.Next == "" {
			return nil
		}
		query.Set("cursor", page.Next)
	}
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func main() {
	pause, err := time.ParseDuration(setting("INTERVAL", "5") + "s")
	if err != nil {
		log.Fatal(err)
	}
	for {
		if err := round(); err != nil {
			log.Println(err)
		}
		time.Sleep(pause)
	}
}
