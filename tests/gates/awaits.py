"""In `handlers/` only `chat` is awaited.

A dialog is replayed from its journal. What `chat` gives is in the journal; anything else that is
awaited would be awaited again at every replay, and might answer differently.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.gates.finding import Finding, Source, python_sources

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def violations(root: Path) -> list[Finding]:
    """Every await, `async for` and `async with` below handlers/ that is not on `chat`."""
    return [
        finding
        for source in python_sources(root, ["handlers"])
        for finding in _visit(source, source.tree, has_chat=False)
    ]


def _visit(source: Source, node: ast.AST, *, has_chat: bool) -> Iterator[Finding]:
    if isinstance(node, Function):
        has_chat = has_chat or _takes_chat(node)
    for awaited in _awaited(node):
        if not (has_chat and _is_chat_method(awaited)):
            yield _refused(source, awaited)
    if isinstance(node, ast.Name) and node.id == "chat" and isinstance(node.ctx, ast.Store):
        yield _rebound(source, node)
    for child in ast.iter_child_nodes(node):
        yield from _visit(source, child, has_chat=has_chat)


def _takes_chat(function: Function) -> bool:
    given = function.args
    return any(a.arg == "chat" for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def _awaited(node: ast.AST) -> list[ast.expr]:
    """What `node` itself waits for."""
    match node:
        case ast.Await(value=value):
            return [value]
        case ast.AsyncFor(iter=iterated):
            return [iterated]
        case ast.comprehension(is_async=1, iter=iterated):
            return [iterated]
        case ast.AsyncWith(items=items):
            return [item.context_expr for item in items]
        case _:
            return []


def _is_chat_method(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="chat"))):
            return True
        case _:
            return False


def _refused(source: Source, awaited: ast.expr) -> Finding:
    return Finding(
        source.at(awaited),
        f"a handler awaits {ast.unparse(awaited)!r}, which is no method of its parameter `chat`",
        "a dialog is replayed from its journal, and only what `chat` gives is in the journal",
        "rows: `await chat.do(service, ...)`; the outside world: `await chat.call(effect, ...)`; "
        "a coroutine of your own: write its steps here, or make it a service",
    )


def _rebound(source: Source, name: ast.Name) -> Finding:
    return Finding(
        source.at(name),
        "the name `chat` is given another value",
        "whoever reads `await chat...` must know that it is the journal's",
        "choose another name",
    )
