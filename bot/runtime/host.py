"""Runs the services of one turn inside its transaction, so that a refusal undoes one of them and a failure all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import Refused
from bot.core.events import Event, OrderChanged, ReviewChanged
from bot.services.orders import OrderView
from bot.services.reviews import ReviewView
from bot.services.scope import Scope
from bot.services.settlement import Settlement


class NeedsTransaction(BaseException):
    """The turn wants to write: it must run again inside a transaction. No handler's `except Exception` may catch it."""


class TurnHost:
    """The `Host` of a turn. Savepoints are made only where something may be written.

    Without a connection it only reads, and raises `NeedsTransaction` for everything else.
    """

    def __init__(self, connection: BaseDBAsyncClient | None, scope: Scope) -> None:
        self._connection = connection
        self._scope = scope
        self._opened = False
        self.changed: list[Event] = []

    async def run(self, service: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run `service(scope, …)`; a `Refused` rolls back what it wrote."""
        if getattr(service, "__reads__", False):
            return await service(self._scope, *args, **kwargs)
        await self.open()
        await self._execute("SAVEPOINT service")
        try:
            result = await service(self._scope, *args, **kwargs)
        except Refused:
            await self._execute("ROLLBACK TO SAVEPOINT service")
            raise
        await self._execute("RELEASE SAVEPOINT service")
        self._observe(result)
        return result

    async def undo(self) -> None:
        """Roll back everything that this turn's services wrote; the batch's other turns stay."""
        if self._opened:
            await self._execute("ROLLBACK TO SAVEPOINT turn")

    async def keep(self) -> None:
        """The turn is good."""
        if self._opened:
            await self._execute("RELEASE SAVEPOINT turn")

    async def open(self) -> None:
        """From here on `undo` takes back what is written. Raises `NeedsTransaction` outside of one."""
        if self._connection is None:
            raise NeedsTransaction
        if not self._opened:
            await self._execute("SAVEPOINT turn")
            self._opened = True

    async def _execute(self, sql: str) -> None:
        assert self._connection is not None  # noqa: S101 - `open` looked
        await self._connection.execute_query(sql)

    def _observe(self, result: Any) -> None:
        match result:
            case OrderView(id=order_id):
                self.changed.append(OrderChanged(order_id))
            case Settlement(payment=payment):
                self.changed.append(OrderChanged(payment.order_id))
            case ReviewView(id=review_id):
                self.changed.append(ReviewChanged(review_id))
            case _:
                pass
