"""What a query of Shopify's Admin API costs: what it may bring is reserved, and what it brought is paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    parse,
)


def objects(found: Any) -> int:
    """What a query really brought: what it could have brought was only reserved."""
    if isinstance(found, dict):
        return 1 + sum(objects(one) for one in found.values())
    return sum(objects(one) for one in found) if isinstance(found, list) else 0


def query_cost(query: str, variables: Mapping[str, Any]) -> int:
    """Objects cost a point, connections what all that they may bring costs."""
    document = parse(query)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def of(chosen: SelectionSetNode | None) -> int:
        total = 0
        for one in chosen.selections if chosen else ():
            if isinstance(one, FragmentSpreadNode):
                total += of(fragments[one.name.value].selection_set)
            elif isinstance(one, FieldNode) and one.selection_set and one.name.value not in ("nodes", "pageInfo"):
                total += max(1, _first(one, variables)) * (1 + of(one.selection_set))
            elif isinstance(one, FieldNode) and one.name.value == "nodes":
                total += of(one.selection_set)
        return total

    [operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    return of(operation.selection_set)


def _first(node: FieldNode, variables: Mapping[str, Any]) -> int:
    for argument in node.arguments or ():
        if argument.name.value == "first" and isinstance(argument.value, IntValueNode):
            return int(argument.value.value)
        if argument.name.value == "first" and isinstance(argument.value, VariableNode):
            return int(variables[argument.value.name.value])
    return 0
