{{/* The template of a pod. Takes root, name, component (as in _components.tpl) and values (of the service). */}}
{{- define "datasets-server.pod" -}}
metadata:
  labels:
    {{- include "datasets-server.selector" . | nindent 4 }}
  {{- $sums := dict }}
  {{- if .root.Values.secrets.given }}
  {{- $_ := set $sums "checksum/secrets" (toJson .root.Values.secrets.given | sha256sum) }}
  {{- end }}
  {{- with .component.configuration }}
  {{- $_ := set $sums "checksum/configuration" ($.root.Files.Get (printf "files/%s" .) | sha256sum) }}
  {{- end }}
  {{- with $sums }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .component.restartPolicy }}
  restartPolicy: {{ . }}
  {{- end }}
  automountServiceAccountToken: false
  # Variables of other services' names could be taken for settings.
  enableServiceLinks: false
  {{- if .component.type }}
  # Its first process takes note of the ends of those that a killed job leaves behind.
  shareProcessNamespace: true
  {{- end }}
  # What isn't needed by the drain is for closing, and for a machine that is busy.
  terminationGracePeriodSeconds: {{ add (.component.leavingSeconds | default 0 | int) (.component.drainSeconds | float64 | ceil | int) 15 }}
  securityContext:
    {{- include "datasets-server.pod-security" 10001 | nindent 4 }}
  {{- with .root.Values.images.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "datasets-server.selector" . | nindent 10 }}
  containers:
    - name: {{ .name }}
      image: {{ .component.image }}
      imagePullPolicy: {{ .root.Values.images.pullPolicy }}
      {{- with .component.args }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      env:
        {{- include "datasets-server.environment" . | trim | nindent 8 }}
      securityContext:
        {{- include "datasets-server.container-security" . | nindent 8 }}
      {{- with .component.leavingSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ . }}
      {{- end }}
      {{- with .component.port }}
      ports:
        - name: http
          containerPort: {{ . }}
      startupProbe:
        {{- include "datasets-server.probe" $.component.alive | nindent 8 }}
        periodSeconds: 2
        timeoutSeconds: 5
        failureThreshold: 60
      livenessProbe:
        {{- include "datasets-server.probe" $.component.alive | nindent 8 }}
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        {{- include "datasets-server.probe" $.component.ready | nindent 8 }}
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      volumeMounts:
        {{- if not .root.Values.assets.bucket }}
        - name: assets
          mountPath: /assets
          {{- if .component.readsOnly }}
          readOnly: true
          {{- end }}
        {{- end }}
        - name: temporary
          mountPath: /tmp
        {{- if .component.configuration }}
        - name: configuration
          mountPath: /etc/nginx/templates
          readOnly: true
        {{- else if .root.Values.certificates.configMap }}
        - name: certificates
          mountPath: /etc/certificates
          readOnly: true
        {{- end }}
  volumes:
    {{- if not .root.Values.assets.bucket }}
    - {{- include "datasets-server.assets" .root | nindent 6 }}
    {{- end }}
    - name: temporary
      emptyDir: {}
    {{- if .component.configuration }}
    - name: configuration
      configMap:
        name: {{ include "datasets-server.name" .root }}-{{ .name }}
    {{- else if .root.Values.certificates.configMap }}
    - name: certificates
      configMap:
        name: {{ .root.Values.certificates.configMap }}
    {{- end }}
{{- end }}

{{/* The variables of a container: the settings that its service knows, what this chart decides, and the secrets. */}}
{{- define "datasets-server.environment" -}}
{{- $known := index (.root.Files.Get "files/settings.yaml" | fromYaml) .component.settings }}
{{- $given := .root.Values.settings }}
{{- range $name, $default := $known.settings }}
{{- if or (hasKey $given $name) $.component.wantsDefaults }}
{{- $value := ternary (index $given $name) $default (hasKey $given $name) }}
- name: {{ $name }}
  {{- /* Helm reads numbers as floats, and would print large ones with an exponent. */}}
  value: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .component.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if and .root.Values.certificates.configMap (not .component.configuration) }}
- name: SSL_CERT_FILE
  value: /etc/certificates/{{ .root.Values.certificates.key }}
{{- end }}
{{- $bundled := .root.Values.mongo.bundled.enabled }}
{{- range $name := $known.secrets }}
- name: {{ $name }}
  {{- if and $bundled (eq $name "MONGO_URL") }}
  value: {{ include "datasets-server.mongo-url" $.root }}
  {{- else }}
  valueFrom:
    secretKeyRef:
      name: {{ include "datasets-server.secret" $.root }}
      key: {{ $name }}
      {{- /* Without the others the services start, and are the more closed. */}}
      {{- if not (has $name (list "ASSETS_SIGNING_KEYS" "HF_WEBHOOK_SECRET" "MONGO_URL")) }}
      optional: true
      {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Asks this path, or, without one, whether somebody listens. */}}
{{- define "datasets-server.probe" -}}
{{- if . -}}
httpGet:
  path: {{ . }}
  port: http
{{- else -}}
tcpSocket:
  port: http
{{- end -}}
{{- end }}

{{/* Takes the id of user and group. */}}
{{- define "datasets-server.pod-security" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "datasets-server.container-security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
