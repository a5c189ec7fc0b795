"""One table of config.toml as a frozen value, and the kinds of values that several sections have."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from bot.settings import checks


def _listed(value: Any) -> Any:
    """From the environment a list comes as `a, b` or as JSON."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith(("[", "{")):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Url = Annotated[str, AfterValidator(checks.web_address)]


class Section(BaseModel):
    """One `[table]` of config.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)
