{{/* The chart's name, truncated to the length of a label. */}}
{{- define "hyperfleet-api.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of the release's objects. 52 characters leave room for the longest suffix. */}}
{{- define "hyperfleet-api.fullname" -}}
{{- $name := include "hyperfleet-api.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* Immutable labels of the release's pods. Where a selector needs one component, it adds that label. */}}
{{- define "hyperfleet-api.selectorLabels" -}}
app.kubernetes.io/name: {{ include "hyperfleet-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object: those of the chart, and commonLabels. */}}
{{- define "hyperfleet-api.labels" -}}
{{ include "hyperfleet-api.labelsWith" (list . dict) }}
{{- end }}

{{/* The same with further labels, which take precedence over commonLabels. Takes a list of the top context and a map. */}}
{{- define "hyperfleet-api.labelsWith" -}}
{{- $further := mustMerge (deepCopy (default dict (index . 1))) (default dict (index . 0).Values.commonLabels) -}}
{{- with index . 0 -}}
{{ include "hyperfleet-api.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: hyperfleet
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- with $further }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hyperfleet-api.image" -}}
{{ include "hyperfleet-api.imageReference" (list .Values.image .Chart.AppVersion) }}
{{- end }}

{{- define "hyperfleet-api.testImage" -}}
{{ include "hyperfleet-api.imageReference" (list .Values.test.image "") }}
{{- end }}

{{/* Takes a list of an image and its default tag. */}}
{{- define "hyperfleet-api.imageReference" -}}
{{- $tag := index . 1 -}}
{{- with index . 0 -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $tag .tag }}{{ end }}
{{- end -}}
{{- end }}

{{- define "hyperfleet-api.serviceAccountName" -}}
{{- $fallback := ternary (include "hyperfleet-api.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $fallback .Values.serviceAccount.name }}
{{- end }}

{{/* The program's YAML file. Settings that the chart sets override `config`. */}}
{{- define "hyperfleet-api.config" -}}
{{- $chart := dict
      "server" (dict "port" 8000)
      "health" (dict "port" 8083)
      "metrics" (dict "port" 8080) -}}
{{- if .Values.tls.secretName -}}
{{- $files := dict "cert_file" "/etc/hyperfleet/tls/tls.crt" "key_file" "/etc/hyperfleet/tls/tls.key" -}}
{{- $_ := set $chart.server "tls" $files -}}
{{- end -}}
{{- mustMergeOverwrite (deepCopy .Values.config) $chart | toYaml }}
{{- end }}

{{/* Whether the chart creates a Secret for the password. */}}
{{- define "hyperfleet-api.ownsSecret" -}}
{{- if and (eq .Values.database.engine "postgresql") .Values.database.password }}true{{ end }}
{{- end }}

{{/*
Environment, volumes and mounts for the connection to the database. Takes a dict of `database` (as in the values) and
`secret` (name of the Secret that the chart creates), because the migration Job has its own values for both.
*/}}
{{- define "hyperfleet-api.databaseEnv" -}}
{{- with .database -}}
{{- if eq .engine "sqlite" -}}
- name: HYPERFLEET_DATABASE_URL
  value: sqlite:///data/hyperfleet.db?mode=rwc
{{- else if .existingSecret.urlKey -}}
- name: HYPERFLEET_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret.name | quote }}
      key: {{ .existingSecret.urlKey | quote }}
{{- else -}}
- name: HYPERFLEET_DATABASE_HOST
  value: {{ .host | quote }}
- name: HYPERFLEET_DATABASE_PORT
  value: {{ .port | quote }}
- name: HYPERFLEET_DATABASE_NAME
  value: {{ .name | quote }}
- name: HYPERFLEET_DATABASE_USERNAME
  value: {{ .username | quote }}
{{- if or .password .existingSecret.name }}
- name: HYPERFLEET_DATABASE_PASSWORD_FILE
  value: /etc/hyperfleet/database/password
{{- end }}
{{- end }}
{{- if eq .engine "postgresql" }}
{{- with default (ternary "" "require" (ne .existingSecret.urlKey "")) .ssl.mode }}
- name: HYPERFLEET_DATABASE_SSL_MODE
  value: {{ . }}
{{- end }}
{{- if .ssl.caSecret }}
- name: HYPERFLEET_DATABASE_SSL_ROOT_CERT_FILE
  value: /etc/hyperfleet/database-ca/ca.crt
{{- end }}
{{- end }}
{{- if .existingSecret.readUrlKey }}
- name: HYPERFLEET_DATABASE_READ_URL
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret.name | quote }}
      key: {{ .existingSecret.readUrlKey | quote }}
{{- end }}
{{- if .pool.maxConnections }}
- name: HYPERFLEET_DATABASE_POOL_MAX_CONNECTIONS
  value: {{ .pool.maxConnections | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "hyperfleet-api.databaseVolumes" -}}
{{- $own := .secret -}}
{{- with .database -}}
{{- if eq .engine "postgresql" -}}
{{- if and (or .password .existingSecret.name) (not .existingSecret.urlKey) }}
- name: database
  secret:
    secretName: {{ default $own .existingSecret.name | quote }}
    defaultMode: 0440
    items:
      - key: {{ ternary .existingSecret.passwordKey "password" (ne .existingSecret.name "") | quote }}
        path: password
{{- end }}
{{- if .ssl.caSecret }}
- name: database-ca
  secret:
    secretName: {{ .ssl.caSecret | quote }}
    defaultMode: 0440
    items:
      - key: {{ .ssl.caKey | quote }}
        path: ca.crt
{{- end }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "hyperfleet-api.databaseMounts" -}}
{{- with .database -}}
{{- if eq .engine "postgresql" -}}
{{- if and (or .password .existingSecret.name) (not .existingSecret.urlKey) }}
- name: database
  mountPath: /etc/hyperfleet/database
  readOnly: true
{{- end }}
{{- if .ssl.caSecret }}
- name: database-ca
  mountPath: /etc/hyperfleet/database-ca
  readOnly: true
{{- end }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The values of `database` for the migration Job, as YAML. */}}
{{- define "hyperfleet-api.migrationDatabase" -}}
{{- $database := deepCopy .Values.database -}}
{{- $_ := set $database.existingSecret "readUrlKey" "" -}}
{{- with .Values.migration.database -}}
{{- range $key := list "host" "port" "username" -}}
{{- with index $.Values.migration.database $key -}}{{- $_ := set $database $key . -}}{{- end -}}
{{- end -}}
{{- if .existingSecret.name -}}
{{- $_ := set $database "existingSecret" (merge dict .existingSecret (dict "readUrlKey" "")) -}}
{{- $_ := set $database "password" "" -}}
{{- end -}}
{{- end -}}
{{- toYaml $database -}}
{{- end }}

{{/* A duration such as 1m30s in whole seconds. */}}
{{- define "hyperfleet-api.seconds" -}}
{{- $milliseconds := 0 -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- range regexFindAll "[0-9]+(ms|h|m|s)" . -1 -}}
{{- $unit := regexFind "[a-z]+" . -}}
{{- $milliseconds = add $milliseconds (mul (atoi (trimSuffix $unit .)) (get $units $unit)) -}}
{{- end -}}
{{- div $milliseconds 1000 -}}
{{- end }}

{{/* Egress rules of NetworkPolicies. The rule for the database takes a list of the top context and the port. */}}
{{- define "hyperfleet-api.egressToDns" -}}
# DNS. Some clusters translate the address of the DNS Service before policies apply, so no peer is given.
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end }}

{{- define "hyperfleet-api.egressToDatabase" -}}
{{- $port := index . 1 -}}
{{- with index . 0 -}}
{{- if eq .Values.database.engine "postgresql" -}}
- ports:
    - port: {{ $port }}
  {{- with .Values.networkPolicy.databaseTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Rejects values that can be installed but cannot work. */}}
{{- define "hyperfleet-api.validate" -}}
{{- if not (kindIs "bool" .Values.config.server.jwt.enabled) -}}
{{- fail "config.server.jwt.enabled must be set: true, with config.server.jwt.issuers, or false, which disables authentication" -}}
{{- end -}}
{{- if regexMatch "^(localhost$|127\\.|\\[?::1)" (lower .Values.config.server.host) -}}
{{- fail "config.server.host must not be a loopback address: neither probes nor the Service could reach it" -}}
{{- end -}}
{{- $db := .Values.database -}}
{{- if eq $db.engine "sqlite" -}}
{{- if or $db.host $db.password $db.existingSecret.name -}}
{{- fail "database.host, .password and .existingSecret are for PostgreSQL: set database.engine=postgresql" -}}
{{- end -}}
{{- if or .Values.autoscaling.enabled (gt (int .Values.replicaCount) 1) -}}
{{- fail "SQLite serves one replica: set replicaCount=1 and autoscaling.enabled=false, or database.engine=postgresql" -}}
{{- end -}}
{{- else -}}
{{- if and (or $db.existingSecret.urlKey $db.existingSecret.readUrlKey) (not $db.existingSecret.name) -}}
{{- fail "database.existingSecret.urlKey and .readUrlKey need database.existingSecret.name" -}}
{{- end -}}
{{- if and (not $db.host) (not $db.existingSecret.urlKey) -}}
{{- fail "database.engine=postgresql needs database.host, or database.existingSecret with a urlKey" -}}
{{- end -}}
{{- if and $db.password $db.existingSecret.name -}}
{{- fail "set database.password or database.existingSecret, not both" -}}
{{- end -}}
{{- end -}}
{{- with .Values.migration.database -}}
{{- if and (eq $db.engine "sqlite") (or .host .port .username .existingSecret.name) -}}
{{- fail "migration.database is for PostgreSQL: set database.engine=postgresql" -}}
{{- end -}}
{{- if and .existingSecret.urlKey (not .existingSecret.name) -}}
{{- fail "migration.database.existingSecret.urlKey needs migration.database.existingSecret.name" -}}
{{- end -}}
{{- $url := ternary .existingSecret.urlKey $db.existingSecret.urlKey (ne .existingSecret.name "") -}}
{{- if and $url (or .host .username) -}}
{{- fail "migration.database.host and .username have no effect beside a urlKey: set another migration.database.existingSecret" -}}
{{- end -}}
{{- end -}}
{{- with .Values.service -}}
{{- if and (or .nodePort .externalTrafficPolicy) (eq .type "ClusterIP") -}}
{{- fail "service.nodePort and .externalTrafficPolicy need service.type=NodePort or LoadBalancer" -}}
{{- end -}}
{{- if and (or .loadBalancerClass .loadBalancerSourceRanges) (ne .type "LoadBalancer") -}}
{{- fail "service.loadBalancerClass and .loadBalancerSourceRanges need service.type=LoadBalancer" -}}
{{- end -}}
{{- end -}}
{{- $shutdown := include "hyperfleet-api.seconds" (default "20s" .Values.config.server.shutdown_timeout) | atoi -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (add (int .Values.preStopSeconds) $shutdown | int) -}}
{{- fail "terminationGracePeriodSeconds must be greater than preStopSeconds plus config.server.shutdown_timeout (20s), or pods are killed while requests are in flight" -}}
{{- end -}}
{{- if gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas) -}}
{{- fail "autoscaling.minReplicas must not be greater than autoscaling.maxReplicas" -}}
{{- end -}}
{{- end }}
