"""How reports run: where Spark is, and how much it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """`master` is `local[*]`, `spark://…`, `yarn` or `k8s://…`; a remote one must see the lake's folder.

    `memory` is the driver's heap; `timeout` seconds end a run; `java_home` empty means: find one; `options` are more of
    Spark's own settings.
    """

    master: str = "local[*]"
    memory: str = "1500m"
    timeout: float = 900.0
    java_home: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
