{{/*
What runs, and how the parts differ; what they have in common is in _pod.tpl. `drainSeconds` is how long a part may go on
with what it has begun. A part that answers requests goes on for `leavingSeconds` before it is told to end, until nobody
sends it any more.
*/}}
{{- define "datasets-server.components" -}}
{{- $images := .Values.images -}}
{{- $tag := $images.tag | default .Chart.AppVersion -}}
{{- $proxy := index .Values.services "reverse-proxy" -}}
api:
  image: {{ $images.prefix }}-api:{{ $tag }}
  settings: api
  port: 8000
  alive: /healthcheck
  ready: /ready
  leavingSeconds: 5
  drainSeconds: {{ include "datasets-server.setting" (dict "root" . "service" "api" "name" "API_DRAIN_SECONDS") }}
  readsOnly: true
  environment:
    API_HOST: 0.0.0.0
    API_PORT: "8000"
    ASSETS_INTERNAL_LOCATION: /internal/assets
    ASSETS_STORAGE: {{ include "datasets-server.storage" $ }}
    TRUSTED_PROXIES: "1"
admin:
  image: {{ $images.prefix }}-admin:{{ $tag }}
  args: [serve]
  settings: admin
  port: 8002
  alive: /healthcheck
  ready: /ready
  leavingSeconds: 5
  drainSeconds: 10
  environment:
    ADMIN_HOST: 0.0.0.0
    ADMIN_PORT: "8002"
    ASSETS_STORAGE: {{ include "datasets-server.storage" $ }}
{{- range list "datasets" "splits" }}
worker-{{ . }}:
  image: {{ $images.prefix }}-worker:{{ $tag }}
  args: [{{ . }}]
  settings: worker
  port: 8003
  alive: /healthcheck
  ready: /healthcheck
  drainSeconds: {{ include "datasets-server.setting" (dict "root" $ "service" "worker" "name" "DRAIN_SECONDS") }}
  type: {{ . }}
  environment:
    ASSETS_STORAGE: {{ include "datasets-server.storage" $ }}
    SCRATCH_DIRECTORY: /tmp/datasets-server
    WORKER_HOST: 0.0.0.0
    WORKER_PORT: "8003"
{{- end }}
reverse-proxy:
  image: {{ $proxy.image }}
  args: [nginx, -e, stderr, -c, /tmp/nginx.conf, -g, daemon off;]
  settings: reverse-proxy
  # envsubst knows no defaults.
  wantsDefaults: true
  port: 8080
  leavingSeconds: 5
  drainSeconds: 12
  readsOnly: true
  environment:
    ASSETS_DIRECTORY: /assets
    ASSETS_INTERNAL_LOCATION: /internal/assets
    NGINX_ENVSUBST_FILTER: ^(PROXY|ASSETS)_
    NGINX_ENVSUBST_OUTPUT_DIR: /tmp
    PROXY_API: {{ include "datasets-server.name" . }}-api:8000
    PROXY_DIRECTORY: /tmp
    PROXY_LISTEN: "8080"
  configuration: nginx.conf.template
{{- end }}

{{/* Where the files are: in the bucket, or where the volume is mounted. */}}
{{- define "datasets-server.storage" -}}
{{ .Values.assets.bucket | default "/assets" }}
{{- end }}
