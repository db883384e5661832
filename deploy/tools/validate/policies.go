package main

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// checkReach checks that the NetworkPolicies allow a pod of `helm test` to resolve names and to call every port that
// the Services target.
func (r *release) checkReach(test *corev1.Pod) []string {
	var faults []string
	if !r.mayLeave(test.Labels, nil, networkPort{number: 53, protocol: corev1.ProtocolUDP}) {
		faults = append(faults, fmt.Sprintf("NetworkPolicy: pod %s cannot use DNS", test.Name))
	}
	for _, service := range r.services {
		for _, port := range service.Spec.Ports {
			to := networkPort{port.TargetPort.StrVal, r.target(service, port), corev1.ProtocolTCP}
			for _, deployment := range r.selected(&metav1.LabelSelector{MatchLabels: service.Spec.Selector}) {
				if !r.mayEnter(deployment, test.Labels, to) {
					faults = append(faults, fmt.Sprintf("NetworkPolicy: port %d does not admit pod %s", to.number, test.Name))
				}
				if !r.mayLeave(test.Labels, deployment.Spec.Template.Labels, to) {
					faults = append(faults, fmt.Sprintf("NetworkPolicy: pod %s may not call port %d", test.Name, to.number))
				}
			}
		}
	}
	return faults
}

type networkPort struct {
	name     string
	number   int32
	protocol corev1.Protocol
}

// mayEnter reports whether the pods of a Deployment accept traffic. Pods that no policy selects accept all traffic; the
// rules of all policies that select a pod are combined.
func (r *release) mayEnter(deployment *appsv1.Deployment, from map[string]string, port networkPort) bool {
	selected := false
	for _, policy := range r.policies {
		if !applies(policy, networkingv1.PolicyTypeIngress, deployment.Spec.Template.Labels) {
			continue
		}
		selected = true
		for _, rule := range policy.Spec.Ingress {
			if admits(rule.From, from) && port.isOneOf(rule.Ports) {
				return true
			}
		}
	}
	return !selected
}

// mayLeave reports the same for traffic that pods with these labels send.
func (r *release) mayLeave(of, to map[string]string, port networkPort) bool {
	selected := false
	for _, policy := range r.policies {
		if !applies(policy, networkingv1.PolicyTypeEgress, of) {
			continue
		}
		selected = true
		for _, rule := range policy.Spec.Egress {
			if admits(rule.To, to) && port.isOneOf(rule.Ports) {
				return true
			}
		}
	}
	return !selected
}

func applies(policy *networkingv1.NetworkPolicy, kind networkingv1.PolicyType, to map[string]string) bool {
	return slices.Contains(policy.Spec.PolicyTypes, kind) && selects(&policy.Spec.PodSelector, to)
}

// admits reports whether a pod of the release is one of the peers. An empty list means all peers. Peers by address or
// namespace are not known here, and count as other peers.
func admits(peers []networkingv1.NetworkPolicyPeer, pod map[string]string) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		return peer.PodSelector != nil && peer.NamespaceSelector == nil && pod != nil && selects(peer.PodSelector, pod)
	})
}

func (p networkPort) isOneOf(ports []networkingv1.NetworkPolicyPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(port networkingv1.NetworkPolicyPort) bool {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		number := port.Port == nil || *port.Port == intstr.FromInt32(p.number) || *port.Port == intstr.FromString(p.name)
		return protocol == p.protocol && number
	})
}
