package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

// schema is the checked part of values.schema.json.
type schema struct {
	Properties map[string]any `json:"properties"`
}

// checkValues checks that every value in values.schema.json has a default in values.yaml, that one of the files
// ci/*-values.yaml sets it, so that it is rendered once, and that the table in README.md contains it or its parent.
// The program's settings below `config` are not the chart's.
func checkValues(chart string) ([]string, error) {
	var root schema
	defaults := map[string]any{}
	if err := load(filepath.Join(chart, "values.schema.json"), &root); err != nil {
		return nil, err
	}
	if err := load(filepath.Join(chart, "values.yaml"), &defaults); err != nil {
		return nil, err
	}
	known, err := root.paths("")
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(chart, "ci", "*-values.yaml"))
	if err != nil {
		return nil, err
	}
	set := map[string]bool{}
	for _, file := range files {
		example := map[string]any{}
		if err := load(file, &example); err != nil {
			return nil, err
		}
		for _, path := range known {
			set[path] = set[path] || has(example, path)
		}
	}
	described, err := tabled(filepath.Join(chart, "README.md"))
	if err != nil {
		return nil, err
	}
	var faults []string
	for _, path := range known {
		if !described(path) {
			faults = append(faults, path+" is not in the table of README.md")
		}
		if !has(defaults, path) {
			faults = append(faults, path+" is not in values.yaml")
		}
		if !set[path] {
			faults = append(faults, path+" is set by no file in ci/")
		}
	}
	if len(known) == 0 || len(files) == 0 {
		faults = append(faults, "no value or no file in ci/ was found")
	}
	return faults, nil
}

// paths returns the values that the schema defines, without those that contain other values. A reference to a
// definition counts as one value.
func (s schema) paths(above string) ([]string, error) {
	var found []string
	for name, property := range s.Properties {
		path := strings.TrimPrefix(above+"."+name, ".")
		if path == "global" || path == "config" {
			continue
		}
		var inner schema
		text, err := yaml.Marshal(property)
		if err != nil {
			return nil, err
		}
		if err := yaml.Unmarshal(text, &inner); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(inner.Properties) == 0 {
			found = append(found, path)
			continue
		}
		below, err := inner.paths(path)
		if err != nil {
			return nil, err
		}
		found = append(found, below...)
	}
	sort.Strings(found)
	return found, nil
}

// tabled returns a function that reports whether a value, or one that contains it, is in the first column of the table
// of values. In the table, `.port` after `database.host` means database.port.
func tabled(readme string) (func(path string) bool, error) {
	text, err := os.ReadFile(readme)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		parent := ""
		for i, name := range strings.Split(strings.Split(line, "|")[1], "`") {
			if i%2 == 0 {
				continue
			}
			if !strings.HasPrefix(name, ".") {
				parent = name[:max(strings.LastIndex(name, "."), 0)]
				names[name] = true
			} else {
				names[parent+name] = true
			}
		}
	}
	return func(path string) bool {
		for ; path != ""; path = path[:max(strings.LastIndex(path, "."), 0)] {
			if names[path] {
				return true
			}
		}
		return false
	}, nil
}

func has(values map[string]any, path string) bool {
	name, rest, deeper := strings.Cut(path, ".")
	value, present := values[name]
	if !deeper || !present {
		return present
	}
	inner, is := value.(map[string]any)
	return is && has(inner, rest)
}

func load(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
