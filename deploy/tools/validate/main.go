// Command validate checks deployment files without a cluster, a Prometheus or a container engine.
//
//	validate manifests < rendered.yaml    Kubernetes objects, what they refer to, Pod Security, alerts, dashboards
//	validate values CHART                 values, their schema and the examples in ci/
//	validate compose FILE                 a Compose file
//
// It prints every fault and exits with 1 if there is one.
package main

import (
	"fmt"
	"os"
)

func main() {
	faults, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "validate:", err)
		os.Exit(2)
	}
	for _, fault := range faults {
		fmt.Fprintln(os.Stderr, fault)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// run returns the faults found, or an error if the check could not run.
func run(args []string) ([]string, error) {
	switch {
	case len(args) == 1 && args[0] == "manifests":
		return checkManifests(os.Stdin)
	case len(args) == 2 && args[0] == "values":
		return checkValues(args[1])
	case len(args) == 2 && args[0] == "compose":
		return checkCompose(args[1])
	default:
		return nil, fmt.Errorf("usage: validate manifests | values CHART | compose FILE")
	}
}
