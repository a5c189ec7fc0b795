"""The conversations that ship. Each file reads like the conversation it holds; `routers` lists them all."""

from __future__ import annotations

from bot.core.router import Router
from handlers import (
    another_app,
    assistance,
    back_in_stock,
    checkout,
    fallback,
    files,
    handover,
    kinds,
    language,
    left_cart,
    news,
    nudge,
    orders,
    presence,
    reports,
    review,
    searching,
    shop,
    welcome,
    wishes,
)

routers: list[Router] = [
    welcome.router,
    shop.router,
    kinds.router,
    searching.router,
    checkout.router,
    orders.router,
    wishes.router,
    review.router,
    files.router,
    handover.router,
    reports.router,
    another_app.router,
    language.router,
    news.router,
    nudge.router,
    back_in_stock.router,
    left_cart.router,
    assistance.router,
    presence.router,
    fallback.router,
]
