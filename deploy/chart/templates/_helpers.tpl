{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "berth.labels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: berth
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What selects the pods of a component; never changes, as a Deployment's selector must not. Takes (list $ component). */}}
{{- define "berth.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Takes (list $ component). */}}
{{- define "berth.componentLabels" -}}
{{ include "berth.labels" (index . 0) }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Name of a component's objects. Takes (list $ component). */}}
{{- define "berth.component" -}}
{{- printf "%s-%s" (include "berth.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* Takes (list $ component). */}}
{{- define "berth.serviceAccount" -}}
{{- $account := (index (index . 0).Values (index . 1)).serviceAccount -}}
{{- if $account.create -}}
{{- default (include "berth.component" .) $account.name -}}
{{- else -}}
{{- required (printf "%s.serviceAccount.name is needed when create is false" (index . 1)) $account.name -}}
{{- end -}}
{{- end -}}

{{- define "berth.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The rule by which a component sees whether this is GKE Autopilot. */}}
{{- define "berth.detectionRule" -}}
{{- if and .Values.agones.enabled (eq .Values.agones.cloudProduct "auto") -}}
# Whether this is GKE Autopilot: it has one of these.
- apiGroups: [admissionregistration.k8s.io]
  resources: [mutatingwebhookconfigurations]
  resourceNames: [workload-defaulter.config.common-webhooks.networking.gke.io, sasecret-redacter.config.common-webhooks.networking.gke.io]
  verbs: [get]
{{- end -}}
{{- end -}}

{{/* What both components are told of Agones. */}}
{{- define "berth.agonesArgs" -}}
{{- $agones := .Values.agones -}}
- --agones
- --agones-cloud-product={{ $agones.cloudProduct }}
{{- if eq $agones.cloudProduct "platform" }}
- --agones-host-ports-annotation={{ required "agones.cloudProduct platform needs agones.platform.hostPortsAnnotation" $agones.platform.hostPortsAnnotation }}
- --agones-passthrough-label={{ $agones.platform.passthroughLabel.key }}={{ $agones.platform.passthroughLabel.value }}
{{- end }}
{{- with $agones.featureGates }}
- --agones-feature-gates={{ . }}
{{- end }}
{{- end -}}

{{/* What the pods of both components have in common. Takes (list $ component). */}}
{{- define "berth.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $own := index $root.Values (index . 1) -}}
labels:
  {{- include "berth.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  app.kubernetes.io/part-of: berth
  {{- if $root.Values.agones.enabled }}
  # By what tools for Agones find the pods that do this part of its work.
  agones.dev/role: {{ index (dict "controller" "controller" "webhooks" "extensions") (index . 1) }}
  {{- end }}
  {{- with $own.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- $config := and (eq (index . 1) "controller") $root.Values.providerConfig }}
{{- if or $own.podAnnotations $config }}
annotations:
  {{- if $config }}
  berth.dev/provider-config: {{ $root.Values.providerConfig | sha256sum | quote }}
  {{- end }}
  {{- with $own.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Takes (list $ component). */}}
{{- define "berth.podSpec" -}}
{{- $root := index . 0 -}}
{{- $own := index $root.Values (index . 1) -}}
serviceAccountName: {{ include "berth.serviceAccount" . }}
automountServiceAccountToken: true
enableServiceLinks: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $own.priorityClassName }}
priorityClassName: {{ $own.priorityClassName }}
{{- else if $root.Values.priorityClass.create }}
priorityClassName: {{ include "berth.fullname" $root }}
{{- end }}
terminationGracePeriodSeconds: 30
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  seccompProfile: {type: RuntimeDefault}
topologySpreadConstraints:
  {{- if kindIs "invalid" $own.topologySpreadConstraints }}
  {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "berth.selector" $ | nindent 8 }}
  {{- end }}
  {{- else }}
  {{- toYaml $own.topologySpreadConstraints | nindent 2 }}
  {{- end }}
{{- with $own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Takes (list $ component). */}}
{{- define "berth.container" -}}
{{- $root := index . 0 -}}
{{- $own := index $root.Values (index . 1) -}}
image: {{ include "berth.image" $root }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
env:
  - name: POD_NAMESPACE
    valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
  # Of the container's memory limit; what Node takes by itself is half.
  - name: NODE_OPTIONS
    value: --max-old-space-size-percentage=75
  {{- with $own.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
startupProbe:
  httpGet: {path: /healthz, port: health}
  initialDelaySeconds: 1
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: health}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 5
  timeoutSeconds: 3
resources:
  {{- toYaml $own.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

