"""Build hook (placeholder until the browser side exists)."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ParleyHook(BuildHookInterface[Any]):
    """Does nothing yet."""

    PLUGIN_NAME = "custom"
