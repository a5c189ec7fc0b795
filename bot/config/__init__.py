"""config.toml and the environment become one validated value; an unknown key is an error that names it."""

from __future__ import annotations

from bot.config.load import config_file, load
from bot.config.mistakes import Mistake, Mistakes
from bot.config.settings import Config
from bot.settings.secret import Secret

__all__ = ["Config", "Mistake", "Mistakes", "Secret", "config_file", "load"]
