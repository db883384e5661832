package main

import (
	"encoding/json"
	"fmt"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
)

// checkRules parses every expression. Every alert must have a unique name, a severity, a summary, a description and a
// runbook section.
func checkRules(rules *monitoringv1.PrometheusRule) []string {
	var faults []string
	alerts := map[string]bool{}
	for _, group := range rules.Spec.Groups {
		for _, rule := range group.Rules {
			fault := func(text string) { faults = append(faults, rule.Alert+": "+text) }
			if err := checkQuery(rule.Expr.String()); err != nil {
				fault(err.Error())
			}
			if alerts[rule.Alert] {
				fault("two alerts have this name")
			}
			alerts[rule.Alert] = true
			if rule.Labels["severity"] == "" {
				fault("no severity")
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				fault("no summary or no description")
			}
			if !strings.HasSuffix(rule.Annotations["runbook_url"], "#"+strings.ToLower(rule.Alert)) {
				fault("runbook_url does not end with the alert's section")
			}
		}
	}
	return faults
}

// panel is the checked part of a Grafana panel. Rows contain panels.
type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
	Panels []panel `json:"panels"`
}

// checkDashboard parses every query, with the dashboard's variables replaced by sample values.
func checkDashboard(path string, text []byte) ([]string, error) {
	var dashboard struct {
		Panels []panel `json:"panels"`
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var faults []string
	ids := map[int]bool{}
	queries := 0
	for _, panel := range flatten(dashboard.Panels) {
		fault := func(text string) { faults = append(faults, fmt.Sprintf("%s: panel %q: %s", path, panel.Title, text)) }
		if ids[panel.ID] {
			fault("two panels have this id")
		}
		ids[panel.ID] = true
		if panel.Type != "row" && panel.Type != "text" && len(panel.Targets) == 0 {
			fault("no query")
		}
		for _, target := range panel.Targets {
			queries++
			if err := checkQuery(variables.Replace(target.Expr)); err != nil {
				fault(err.Error())
			}
		}
	}
	if queries == 0 {
		faults = append(faults, path+": no query was found")
	}
	return faults, nil
}

// variables replaces Grafana's variables with sample values. Any other variable is a fault.
var variables = strings.NewReplacer(
	"$__rate_interval", "5m",
	"$__range", "1h",
	"$namespace", "fleet",
	"$job", "hyperfleet-api",
)

func flatten(panels []panel) []panel {
	var all []panel
	for _, panel := range panels {
		all = append(append(all, panel), flatten(panel.Panels)...)
	}
	return all
}

func checkQuery(query string) error {
	if strings.Contains(query, "$") {
		return fmt.Errorf("unknown variable in %s", query)
	}
	_, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	return err
}
