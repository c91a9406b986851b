"""What the chart uses of resources that Kubernetes doesn't know by itself, as their own projects define them.

Of the Prometheus operator (`monitoring.coreos.com/v1`) and of KEDA (`keda.sh/v1alpha1`). Fields that the chart doesn't
use are not here: a name that is wrong is one that is not here.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Duration = Field(pattern=r"^[0-9]+(ms|[smhdwy])$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Requirement(_Strict):
    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str]


class _Selector(_Strict):
    matchLabels: dict[str, str]  # noqa: N815
    matchExpressions: list[_Requirement]  # noqa: N815


class _Endpoint(_Strict):
    port: str
    path: str
    interval: str = Duration


class ServiceMonitor(_Strict):
    """The `spec` of a ServiceMonitor."""

    jobLabel: str  # noqa: N815
    selector: _Selector
    endpoints: list[_Endpoint]


class _Record(_Strict):
    record: str
    expr: str


class _Alert(_Strict):
    alert: str
    expr: str
    for_: str = Field(alias="for", pattern=r"^[0-9]+(ms|[smhdwy])$")
    labels: dict[str, str]
    annotations: dict[str, str]


class _Group(_Strict):
    name: str
    rules: list[_Alert | _Record]


class PrometheusRule(_Strict):
    """The `spec` of a PrometheusRule."""

    groups: list[_Group]


class _Target(_Strict):
    name: str


class _PrometheusMetadata(_Strict):
    serverAddress: str = Field(pattern=r"^https?://")  # noqa: N815
    query: str
    threshold: str = Field(pattern=r"^[0-9]+(\.[0-9]+)?$")
    ignoreNullValues: Literal["true", "false"]  # noqa: N815


class _Trigger(_Strict):
    type: Literal["prometheus"]
    metricType: Literal["AverageValue", "Value"]  # noqa: N815
    metadata: _PrometheusMetadata


class _ScaleDown(_Strict):
    stabilizationWindowSeconds: int = Field(ge=0, le=3600)  # noqa: N815


class _Behavior(_Strict):
    scaleDown: _ScaleDown  # noqa: N815


class _Autoscaler(_Strict):
    behavior: _Behavior


class _Advanced(_Strict):
    horizontalPodAutoscalerConfig: _Autoscaler  # noqa: N815


class ScaledObject(_Strict):
    """The `spec` of a ScaledObject."""

    scaleTargetRef: _Target  # noqa: N815
    minReplicaCount: int = Field(ge=0)  # noqa: N815
    maxReplicaCount: int = Field(ge=1)  # noqa: N815
    advanced: _Advanced
    triggers: list[_Trigger]


SPECS: dict[tuple[str, str], type[BaseModel]] = {
    ("monitoring.coreos.com/v1", "ServiceMonitor"): ServiceMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): PrometheusRule,
    ("keda.sh/v1alpha1", "ScaledObject"): ScaledObject,
}


def is_custom(resource: dict[str, Any]) -> bool:
    """Whether Kubernetes itself doesn't know it."""
    return (resource["apiVersion"], resource["kind"]) in SPECS


def check(resource: dict[str, Any]) -> None:
    """Raises `pydantic.ValidationError` where the resource has what its definition doesn't."""
    assert resource.keys() == {"apiVersion", "kind", "metadata", "spec"}
    SPECS[resource["apiVersion"], resource["kind"]].model_validate(resource["spec"])
