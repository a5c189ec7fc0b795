"""A tea shop to try everything with: goods, customers, what they bought and what they thought."""

from bot.demo.fill import fill

__all__ = ["fill"]
