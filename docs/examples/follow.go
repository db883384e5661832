// A program that keeps a copy of the fleet and prints its changes. It uses only the standard library.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

type resource struct {
	ID, Kind, Name string
	Status         struct{ Phase string }
}

type event struct {
	Type, Position, Etag string
	Object               resource
	Problem              json.RawMessage
}

var (
	api      = cmp.Or(os.Getenv("API"), "http://localhost:8000/api/hyperfleet/v1")
	fleet    = map[string]resource{}
	versions = map[string]int{}
	position string
)

// take applies an event to the copy. An event may be delivered twice: an older version never replaces a newer one.
func take(e event) {
	version, _ := strconv.Atoi(strings.Trim(e.Etag, `"`))
	if version < versions[e.Object.ID] {
		return
	}
	versions[e.Object.ID] = version
	if fleet[e.Object.ID] = e.Object; e.Type == "DELETED" {
		delete(fleet, e.Object.ID)
	}
	fmt.Println(e.Type, e.Object.Kind, e.Object.Name, e.Object.Status.Phase)
}

// refused ends the program if a retry cannot succeed. After 410, the position is too old: it clears the copy.
func refused(problem []byte, status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		log.Fatalf("%d %s", status, problem)
	case http.StatusGone:
		clear(fleet)
		clear(versions)
		position = ""
	}
	return fmt.Errorf("%d %s", status, problem)
}

// follow reads one stream until it ends.
func follow() error {
	query := url.Values{"since": {position}, "search": {os.Getenv("SEARCH")}}
	request, err := http.NewRequest("GET", api+"/changes?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/x-ndjson")
	if token := os.Getenv("TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		problem, _ := io.ReadAll(response.Body)
		return refused(problem, response.StatusCode)
	}
	// A bookmark arrives every 10 s: if nothing arrives for much longer, the connection is lost.
	silence := time.AfterFunc(30*time.Second, func() { response.Body.Close() })
	defer silence.Stop()
	for lines := bufio.NewReader(response.Body); ; silence.Reset(30 * time.Second) {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return err
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		switch e.Type {
		case "ERROR":
			var problem struct{ Status int }
			_ = json.Unmarshal(e.Problem, &problem)
			return refused(e.Problem, problem.Status)
		case "ADDED", "MODIFIED", "DELETED":
			take(e)
		}
		position = e.Position // Set after the event is applied: the next stream continues from here.
	}
}

func main() {
	for {
		log.Println(follow())
		time.Sleep(time.Second)
	}
}
