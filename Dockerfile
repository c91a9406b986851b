# The images of the services: --target api, admin, worker or hub. tools/image/README.md says how they are built and run.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

# Poetry, and what poetry.lock says. Nothing of this stage is in an image but each service's .venv.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /opt/datasets-server
COPY tools/setup tools/setup
COPY tools/image/with-secrets tools/image/
RUN --mount=type=secret,id=pip --mount=type=secret,id=certificates \
    tools/image/with-secrets tools/setup/run poetry --version
COPY pyproject.toml poetry.lock ./
COPY tools/image/install-packages tools/image/install-members tools/image/

FROM build AS api-environment
RUN --mount=type=secret,id=pip --mount=type=secret,id=certificates \
    tools/image/with-secrets tools/image/install-packages api
COPY libs libs
COPY services/api services/api
RUN tools/image/install-members libs/* services/api

FROM build AS admin-environment
RUN --mount=type=secret,id=pip --mount=type=secret,id=certificates \
    tools/image/with-secrets tools/image/install-packages admin
COPY libs libs
COPY services/admin services/admin
RUN tools/image/install-members libs/* services/admin

FROM build AS worker-environment
RUN --mount=type=secret,id=pip --mount=type=secret,id=certificates \
    tools/image/with-secrets tools/image/install-packages worker
COPY libs libs
COPY services/worker services/worker
RUN tools/image/install-members libs/* services/worker

FROM build AS hub-environment
RUN --mount=type=secret,id=pip --mount=type=secret,id=certificates \
    tools/image/with-secrets tools/image/install-packages hub
COPY tools/hub tools/hub
RUN tools/image/install-members tools/hub

# What all images have in common: a Python without the means to install anything, and a user without a name.
FROM ${PYTHON_IMAGE} AS runtime
WORKDIR /opt/datasets-server
RUN --mount=type=bind,source=tools/image/bare_python.py,target=/bare_python.py \
    python3 /bare_python.py && install -d -o 10001 -g 10001 /assets
COPY LICENSE tools/image/healthcheck.py ./
ENV PATH=/opt/datasets-server/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that who runs it can see that it is not root.
USER 10001:10001
ARG SOURCE=""
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

FROM runtime AS api
LABEL org.opencontainers.image.title="datasets-server-api" \
    org.opencontainers.image.description="Answers requests for the first rows of datasets, and takes the Hub's webhooks"
ENV API_HOST=0.0.0.0 \
    API_PORT=8000 \
    ASSETS_STORAGE=/assets
COPY --from=api-environment /opt/datasets-server/.venv .venv
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-IS", "healthcheck.py", "API_PORT", "/ready"]
ENTRYPOINT ["python", "-m", "api"]

FROM runtime AS admin
LABEL org.opencontainers.image.title="datasets-server-admin" \
    org.opencontainers.image.description="Shows operators what the datasets server does, and lets them change it"
ENV ADMIN_HOST=0.0.0.0 \
    ADMIN_PORT=8002 \
    ASSETS_STORAGE=/assets
COPY --from=admin-environment /opt/datasets-server/.venv .venv
EXPOSE 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-IS", "healthcheck.py", "ADMIN_PORT", "/ready"]
ENTRYPOINT ["python", "-m", "admin"]
CMD ["serve"]

FROM runtime AS worker
LABEL org.opencontainers.image.title="datasets-server-worker" \
    org.opencontainers.image.description="Lists the configs and splits of datasets, or reads their first rows"
ENV WORKER_HOST=0.0.0.0 \
    WORKER_PORT=8003 \
    ASSETS_STORAGE=/assets
COPY --from=worker-environment /opt/datasets-server/.venv .venv
EXPOSE 8003
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-IS", "healthcheck.py", "WORKER_PORT", "/healthcheck"]
ENTRYPOINT ["python", "-m", "worker"]

FROM runtime AS hub
LABEL org.opencontainers.image.title="datasets-server-hub" \
    org.opencontainers.image.description="A small Hub with sample datasets, to try the datasets server with"
ENV HUB_HOST=0.0.0.0 \
    HUB_PORT=8001 \
    HUB_DIRECTORY=/datasets
COPY --from=hub-environment /opt/datasets-server/.venv .venv
COPY --chown=10001:10001 samples/datasets /datasets
EXPOSE 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-IS", "healthcheck.py", "HUB_PORT", "/healthcheck"]
ENTRYPOINT ["python", "-m", "hub"]
