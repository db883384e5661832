package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// newObject returns an empty object of each kind that the chart may render. Other kinds are faults, so that no object
// remains unchecked.
var newObject = map[string]func() any{
	"v1/ConfigMap":                            func() any { return &corev1.ConfigMap{} },
	"v1/PersistentVolumeClaim":                func() any { return &corev1.PersistentVolumeClaim{} },
	"v1/Pod":                                  func() any { return &corev1.Pod{} },
	"v1/Secret":                               func() any { return &corev1.Secret{} },
	"v1/Service":                              func() any { return &corev1.Service{} },
	"v1/ServiceAccount":                       func() any { return &corev1.ServiceAccount{} },
	"apps/v1/Deployment":                      func() any { return &appsv1.Deployment{} },
	"autoscaling/v2/HorizontalPodAutoscaler":  func() any { return &autoscalingv2.HorizontalPodAutoscaler{} },
	"batch/v1/Job":                            func() any { return &batchv1.Job{} },
	"gateway.networking.k8s.io/v1/HTTPRoute":  func() any { return &gatewayv1.HTTPRoute{} },
	"networking.k8s.io/v1/Ingress":            func() any { return &networkingv1.Ingress{} },
	"networking.k8s.io/v1/NetworkPolicy":      func() any { return &networkingv1.NetworkPolicy{} },
	"policy/v1/PodDisruptionBudget":           func() any { return &policyv1.PodDisruptionBudget{} },
	"monitoring.coreos.com/v1/ServiceMonitor": func() any { return &monitoringv1.ServiceMonitor{} },
	"monitoring.coreos.com/v1/PrometheusRule": func() any { return &monitoringv1.PrometheusRule{} },
}

// checkManifests decodes each YAML document strictly: an unknown field, a duplicate field or a value of the wrong type
// is a fault. Then it checks that the objects fit together.
func checkManifests(input io.Reader) ([]string, error) {
	var faults []string
	var all release
	seen := map[string]bool{}
	documents := k8syaml.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		name, object, found := checkDocument(document)
		if name == "" && found == nil {
			continue
		}
		if seen[name] {
			found = append(found, "rendered twice")
		}
		seen[name] = true
		all.add(object)
		for _, fault := range found {
			faults = append(faults, name+": "+fault)
		}
	}
	if len(seen) == 0 {
		faults = append(faults, "no object was rendered")
	}
	return append(faults, all.check()...), nil
}

// checkDocument returns the kind and name of the object, the object and its faults. All are empty if the document holds
// only comments.
func checkDocument(document []byte) (string, any, []string) {
	var head struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return "unreadable document", nil, []string{err.Error()}
	}
	if head.Kind == "" && head.Name == "" {
		return "", nil, nil
	}
	kind := head.APIVersion + "/" + head.Kind
	name := kind + " " + head.Name
	newOf, known := newObject[kind]
	if !known {
		return name, nil, []string{"unknown kind"}
	}
	object := newOf()
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		return name, nil, []string{err.Error()}
	}
	switch object := object.(type) {
	case *appsv1.Deployment:
		return name, object, checkPod(&object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec)
	case *batchv1.Job:
		return name, object, checkPod(&object.Spec.Template.ObjectMeta, &object.Spec.Template.Spec)
	case *corev1.Pod:
		return name, object, checkPod(&object.ObjectMeta, &object.Spec)
	case *monitoringv1.PrometheusRule:
		return name, object, checkRules(object)
	case *corev1.ConfigMap:
		return name, object, checkConfigMap(object)
	default:
		return name, object, nil
	}
}

// checkConfigMap checks the dashboards among the files.
func checkConfigMap(object *corev1.ConfigMap) []string {
	var faults []string
	for file, text := range object.Data {
		if !strings.HasSuffix(file, ".json") {
			continue
		}
		found, err := checkDashboard(file, []byte(text))
		if err != nil {
			found = []string{err.Error()}
		}
		faults = append(faults, found...)
	}
	return faults
}

// checkPod checks that the pod meets the restricted Pod Security Standard, with the code of the admission plug-in, and
// that the volumes it mounts exist.
func checkPod(meta *metav1.ObjectMeta, spec *corev1.PodSpec) []string {
	var faults []string
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return []string{err.Error()}
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	verdict := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, meta, spec))
	if !verdict.Allowed {
		faults = append(faults, "restricted Pod Security Standard: "+verdict.ForbiddenDetail())
	}
	volumes := map[string]bool{}
	for _, volume := range spec.Volumes {
		volumes[volume.Name] = true
	}
	for _, container := range append(slices.Clone(spec.InitContainers), spec.Containers...) {
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				faults = append(faults, fmt.Sprintf("container %s mounts volume %s, which does not exist", container.Name, mount.Name))
			}
		}
	}
	return faults
}
