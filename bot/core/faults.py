"""What an error that nobody expected was, and where: never its text, which may quote what a customer wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb

_ROOT = Path(__file__).parents[2]
_FRAMES = 12  # the innermost ones tell most


def fault(error: BaseException) -> dict[str, str]:
    """The facts for a line of the log: `error`, the types from the outside in, and `place`, the innermost call last."""
    causes = list(_causes(error))
    return {
        "error": " < ".join(_name(cause) for cause in causes),
        "place": " > ".join(_frames(causes[-1])),
    }


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _frames(error: BaseException) -> Iterator[str]:
    for frame in extract_tb(error.__traceback__)[-_FRAMES:]:
        yield f"{_short(frame.filename)}:{frame.lineno} {frame.name}"


def _short(filename: str) -> str:
    """Within the project or within the library; the machine's own folders are nobody's business."""
    path = Path(filename)
    if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
        return path.relative_to(_ROOT).as_posix()
    return "/".join(path.parts[-2:])
