"""Channels: each reads what its platform sends, and sends what was said as far as the platform can show it."""
