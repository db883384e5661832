package main

import (
	"context"
	"fmt"

	"github.com/compose-spec/compose-go/v2/cli"
)

// checkCompose loads the file as Compose does, with schema, merges, variables and references between services. All
// published ports must be bound to 127.0.0.1.
func checkCompose(path string) ([]string, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithName("hyperfleet"))
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return []string{err.Error()}, nil
	}
	var faults []string
	for name, service := range project.Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				faults = append(faults, fmt.Sprintf("%s: port %d of %s is published beyond this machine", path, port.Target, name))
			}
		}
	}
	return faults, nil
}
