{{/* What all names begin with: short enough for that of every object. */}}
{{- define "datasets-server.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* The labels that a part is found by; they never change. Takes root and name. */}}
{{- define "datasets-server.selector" -}}
app.kubernetes.io/name: datasets-server
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{/* The name and the labels of an object of a part. Takes root and name. */}}
{{- define "datasets-server.metadata" -}}
name: {{ include "datasets-server.name" .root }}-{{ .name }}
labels:
  {{- include "datasets-server.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* The Secret that the services read. */}}
{{- define "datasets-server.secret" -}}
{{- if .Values.secrets.given -}}
{{ include "datasets-server.name" . }}-secrets
{{- else -}}
{{ required "no secrets: name an existing Secret in secrets.existing, or give its values in secrets.given" .Values.secrets.existing }}
{{- end -}}
{{- end }}

{{/* The volume with the media files: the one place that says where they are kept. */}}
{{- define "datasets-server.assets" -}}
name: assets
persistentVolumeClaim:
  claimName: {{ .Values.assets.volume.existingClaim | default (printf "%s-assets" (include "datasets-server.name" .)) }}
{{- end }}

{{/* What a setting is: as the values say, or as the code does. Takes root, service and name. */}}
{{- define "datasets-server.setting" -}}
{{- $defaults := (index (.root.Files.Get "files/settings.yaml" | fromYaml) .service).settings -}}
{{- if hasKey .root.Values.settings .name }}{{ index .root.Values.settings .name }}{{ else }}{{ index $defaults .name }}{{ end -}}
{{- end }}
