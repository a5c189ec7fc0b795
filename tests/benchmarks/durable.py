"""PostgreSQL as an operator runs it: what is committed is on disk."""

from __future__ import annotations

from collections.abc import Sequence

from tests.servers import Postgres


class Durable(Postgres):
    """Syncs each commit. A folder that has served before is served again as it is."""

    def command(self) -> Sequence[str]:
        return [word for word in super().command() if word != "-F"]

    def _initialise(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            super()._initialise()
