{{/* Name of the chart or its override. */}}
{{- define "aiops-daemon.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of the objects; short enough for the pod's ordinal and revision hash to follow in labels. */}}
{{- define "aiops-daemon.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- $name := include "aiops-daemon.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels that select; they never change over the life of a release. */}}
{{- define "aiops-daemon.selectorLabels" -}}
app.kubernetes.io/name: {{ include "aiops-daemon.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "aiops-daemon.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "aiops-daemon.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The image; a digest wins over a tag. */}}
{{- define "aiops-daemon.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Name of the service account. */}}
{{- define "aiops-daemon.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "aiops-daemon.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/*
Give whole numbers back their form: older Helm reads every number as a float and would write 10000000 as 1e+07, which is
no whole number to the daemon. Takes a box with `in`, leaves `out` in it.
*/}}
{{- define "aiops-daemon.whole" -}}
{{- $in := .in }}
{{- if kindIs "map" $in }}
{{- $out := dict }}
{{- range $key, $value := $in }}
{{- $box := dict "in" $value }}
{{- include "aiops-daemon.whole" $box }}
{{- $_ := set $out $key $box.out }}
{{- end }}
{{- $_ := set . "out" $out }}
{{- else if kindIs "slice" $in }}
{{- $list := dict "out" list }}
{{- range $value := $in }}
{{- $box := dict "in" $value }}
{{- include "aiops-daemon.whole" $box }}
{{- $_ := set $list "out" (append $list.out $box.out) }}
{{- end }}
{{- $_ := set . "out" $list.out }}
{{- else if kindIs "float64" $in }}
{{- $_ := set . "out" (ternary (int64 $in) $in (eq (floor $in) $in)) }}
{{- else }}
{{- $_ := set . "out" $in }}
{{- end }}
{{- end }}

{{/* Whether the configuration file brings tokens of its own. */}}
{{- define "aiops-daemon.ownTokens" -}}
{{- with .Values.config.web }}{{ with .tokens }}yes{{ end }}{{ end }}
{{- end }}

{{/* Name of the secret with the chart's tokens; empty where the configuration brings its own, or none are wanted. */}}
{{- define "aiops-daemon.tokensSecret" -}}
{{- if and (not (include "aiops-daemon.ownTokens" .)) (not .Values.web.allowAnonymous) }}
{{- if .Values.tokens.existingSecret -}}
{{ .Values.tokens.existingSecret }}
{{- else if .Values.tokens.create -}}
{{ include "aiops-daemon.fullname" . }}-tokens
{{- else -}}
{{- fail "nobody could call: set tokens.create, tokens.existingSecret or config.web.tokens, or web.allowAnonymous" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Address of the database, where the configuration brings one. */}}
{{- define "aiops-daemon.ownStorage" -}}
{{- with .Values.config.storage }}{{ .url }}{{ end }}
{{- end }}

{{/* The configuration file. */}}
{{- define "aiops-daemon.config" -}}
{{- $box := dict "in" .Values.config }}
{{- include "aiops-daemon.whole" $box }}
{{- $config := $box.out }}
{{- if and .Values.prometheus.url (not $config.prometheus) }}
{{- $_ := set $config "prometheus" (list (dict "name" "prometheus" "urls" (list .Values.prometheus.url))) }}
{{- end }}
{{- if include "aiops-daemon.tokensSecret" . }}
{{- $admin := dict "name" "admin" "role" "admin" "token_file" "/tokens/admin" }}
{{- $sender := dict "name" "alertmanager" "role" "ingest" "token_file" "/tokens/alertmanager" }}
{{- $_ := set $config "web" (merge (dict "tokens" (list $sender $admin)) (default dict $config.web)) }}
{{- end }}
{{- if include "aiops-daemon.ownStorage" . }}
{{- $_ := set $config "storage" (merge (dict) $config.storage (dict "directory" "/data")) }}
{{- end }}
{{- toYaml $config }}
{{- end }}
