"""The endpoints, one file each."""

from api.routes import assets, first_rows, healthcheck, is_valid, metrics, ready, rows, splits, valid, webhook

ROUTES = [
    module.ROUTE for module in (healthcheck, ready, metrics, splits, first_rows, rows, is_valid, valid, assets, webhook)
]
