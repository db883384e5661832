package main

import (
	"fmt"
	"slices"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// release contains the objects of a release that refer to each other.
type release struct {
	deployments []*appsv1.Deployment
	services    []*corev1.Service
	tests       []*corev1.Pod
	policies    []*networkingv1.NetworkPolicy
	ingresses   []*networkingv1.Ingress
	routes      []*gatewayv1.HTTPRoute
	monitors    []*monitoringv1.ServiceMonitor
	budgets     []*policyv1.PodDisruptionBudget
	scalers     []*autoscalingv2.HorizontalPodAutoscaler
}

func (r *release) add(object any) {
	switch object := object.(type) {
	case *appsv1.Deployment:
		r.deployments = append(r.deployments, object)
	case *corev1.Service:
		r.services = append(r.services, object)
	case *corev1.Pod:
		r.tests = append(r.tests, object)
	case *networkingv1.NetworkPolicy:
		r.policies = append(r.policies, object)
	case *networkingv1.Ingress:
		r.ingresses = append(r.ingresses, object)
	case *gatewayv1.HTTPRoute:
		r.routes = append(r.routes, object)
	case *monitoringv1.ServiceMonitor:
		r.monitors = append(r.monitors, object)
	case *policyv1.PodDisruptionBudget:
		r.budgets = append(r.budgets, object)
	case *autoscalingv2.HorizontalPodAutoscaler:
		r.scalers = append(r.scalers, object)
	}
}

// check returns the references to objects that do not exist.
func (r *release) check() []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	for _, service := range r.services {
		for _, port := range service.Spec.Ports {
			if r.target(service, port) == 0 {
				fault("Service %s: no pod has the port %s", service.Name, port.TargetPort.String())
			}
		}
	}
	for _, ingress := range r.ingresses {
		for _, rule := range ingress.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				to := path.Backend.Service
				if !r.serves(to.Name, func(port corev1.ServicePort) bool { return port.Name == to.Port.Name }) {
					fault("Ingress %s: no Service %s with port %s", ingress.Name, to.Name, to.Port.Name)
				}
			}
		}
	}
	for _, route := range r.routes {
		for _, rule := range route.Spec.Rules {
			for _, to := range rule.BackendRefs {
				if !r.serves(string(to.Name), func(port corev1.ServicePort) bool { return port.Port == int32(*to.Port) }) {
					fault("HTTPRoute %s: no Service %s with port %d", route.Name, to.Name, *to.Port)
				}
			}
		}
	}
	for _, monitor := range r.monitors {
		for _, endpoint := range monitor.Spec.Endpoints {
			if !r.monitored(&monitor.Spec.Selector, endpoint.Port) {
				fault("ServiceMonitor %s: not exactly one Service has these labels and the port %s", monitor.Name, endpoint.Port)
			}
		}
	}
	for _, budget := range r.budgets {
		if len(r.selected(budget.Spec.Selector)) == 0 {
			fault("PodDisruptionBudget %s: selects no pod", budget.Name)
		}
	}
	for _, scaler := range r.scalers {
		target := scaler.Spec.ScaleTargetRef.Name
		if !slices.ContainsFunc(r.deployments, func(d *appsv1.Deployment) bool { return d.Name == target }) {
			fault("HorizontalPodAutoscaler %s: no Deployment %s", scaler.Name, target)
		}
	}
	for _, test := range r.tests {
		faults = append(faults, r.checkReach(test)...)
	}
	return faults
}

// selected returns the Deployments whose pods the selector selects.
func (r *release) selected(selector *metav1.LabelSelector) []*appsv1.Deployment {
	var found []*appsv1.Deployment
	for _, deployment := range r.deployments {
		if selects(selector, deployment.Spec.Template.Labels) {
			found = append(found, deployment)
		}
	}
	return found
}

// target returns the port of the pods that the Service's port targets, or 0.
func (r *release) target(service *corev1.Service, port corev1.ServicePort) int32 {
	for _, deployment := range r.selected(&metav1.LabelSelector{MatchLabels: service.Spec.Selector}) {
		for _, container := range deployment.Spec.Template.Spec.Containers {
			for _, open := range container.Ports {
				if open.Name == port.TargetPort.StrVal || open.ContainerPort == port.TargetPort.IntVal {
					return open.ContainerPort
				}
			}
		}
	}
	return 0
}

func (r *release) serves(name string, is func(corev1.ServicePort) bool) bool {
	for _, service := range r.services {
		for _, port := range service.Spec.Ports {
			if service.Name == name && is(port) {
				return true
			}
		}
	}
	return false
}

// monitored reports whether exactly one Service matches. With two, every pod would be scraped twice.
func (r *release) monitored(selector *metav1.LabelSelector, port string) bool {
	found := 0
	for _, service := range r.services {
		if selects(selector, service.Labels) && r.serves(service.Name, func(p corev1.ServicePort) bool { return p.Name == port }) {
			found++
		}
	}
	return found == 1
}

func selects(selector *metav1.LabelSelector, of map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && parsed.Matches(labels.Set(of))
}
