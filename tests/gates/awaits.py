"""In `handlers/` only `chat` is awaited.

A dialog is replayed from its journal. What `chat` gives is in the journal; anything else that is
awaited would be awaited again at every replay, and might answer differently. A part of a dialog may be
a coroutine of its own, in the same file or another one of handlers/, that is given `chat` first: it is held to the
same rule.
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
        for finding in _visit(source, source.tree, _parts(source.tree) | _shared(source.tree, root), has_chat=False)
    ]


def _parts(tree: ast.Module) -> frozenset[str]:
    """The file's own coroutines that take `chat` first, unless their name stands for anything else, too."""
    mine = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and _is_part(node)}
    named = [node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)]
    other = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    other |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    other |= {node.asname or node.name for node in ast.walk(tree) if isinstance(node, ast.alias)}
    return frozenset(name for name in mine - other if named.count(name) == 1)


def _shared(tree: ast.Module, root: Path) -> frozenset[str]:
    """Parts of other files of handlers/ that are imported under their names, unless these stand for anything else."""
    found = [
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith("handlers.")
        for alias in node.names
        if alias.asname is None and alias.name in _parts_of(root.joinpath(*str(node.module).split(".")))
    ]
    other = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    other |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    other |= {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)}
    named = [
        alias.asname or alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.Import | ast.ImportFrom)
        for alias in n.names
    ]
    return frozenset(name for name in found if name not in other and named.count(name) == 1)


def _parts_of(module: Path) -> frozenset[str]:
    file = module.with_suffix(".py")
    return _parts(ast.parse(file.read_text("utf-8"))) if file.is_file() else frozenset()


def _is_part(function: ast.AsyncFunctionDef) -> bool:
    first = [*function.args.posonlyargs, *function.args.args][:1]
    return [a.arg for a in first] == ["chat"] and not function.decorator_list


def _visit(source: Source, node: ast.AST, parts: frozenset[str], *, has_chat: bool) -> Iterator[Finding]:
    if isinstance(node, Function):
        has_chat = has_chat or _takes_chat(node)
    for awaited in _awaited(node):
        if not (has_chat and (_is_chat_method(awaited) or _is_part_of(awaited, parts))):
            yield _refused(source, awaited)
    if isinstance(node, ast.Name) and node.id == "chat" and isinstance(node.ctx, ast.Store):
        yield _rebound(source, node)
    for child in ast.iter_child_nodes(node):
        yield from _visit(source, child, parts, has_chat=has_chat)


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


def _is_part_of(node: ast.expr, parts: frozenset[str]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[ast.Name(id="chat"), *_]):
            return name in parts
        case _:
            return False


def _refused(source: Source, awaited: ast.expr) -> Finding:
    return Finding(
        source.at(awaited),
        f"a handler awaits {ast.unparse(awaited)!r}, which is no method of its parameter `chat`",
        "a dialog is replayed from its journal, and only what `chat` gives is in the journal",
        "rows: `await chat.do(service, ...)`; the outside world: `await chat.call(effect, ...)`; "
        "a part of the dialog: a coroutine of this file that takes `chat` first, `await part(chat, ...)`",
    )


def _rebound(source: Source, name: ast.Name) -> Finding:
    return Finding(
        source.at(name),
        "the name `chat` is given another value",
        "whoever reads `await chat...` must know that it is the journal's",
        "choose another name",
    )
