"""The endpoints, one file each."""

from api.routes import (
    assets,
    docs,
    first_rows,
    healthcheck,
    is_valid,
    metrics,
    openapi,
    ready,
    rows,
    splits,
    valid,
    webhook,
)

ENDPOINTS = [
    module.ENDPOINT
    for module in (
        splits,
        first_rows,
        rows,
        is_valid,
        valid,
        assets,
        webhook,
        healthcheck,
        ready,
        metrics,
        openapi,
        docs,
    )
]
