"""Parley: durable conversations over every messaging channel."""

__version__ = "0.1.0"
