"""Trees by parent reference: goals and organisation, any depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Hierarchy:
    """A forest given by the parent of every node (``""`` for a root), in the order in which it was
    declared.

    Parents that are no node themselves and members of a cycle are ``broken``: they are reported by
    the rules and count as roots here, so that a computation over a faulty forest still ends.
    """

    parents: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def broken(self) -> frozenset[str]:
        """Nodes whose parent is missing, and nodes that lie on a cycle."""
        missing = {
            node for node, parent in self.parents.items() if parent and parent not in self.parents
        }
        return frozenset(missing | self._on_cycle)

    @cached_property
    def _on_cycle(self) -> frozenset[str]:
        state: dict[str, int] = {}
        found: set[str] = set()
        for start in self.parents:
            path: list[str] = []
            node = start
            while node in self.parents and node not in state:
                state[node] = 1
                path.append(node)
                node = self.parents[node]
            if state.get(node) == 1:
                found.update(path[path.index(node) :])
            for each in path:
                state[each] = 2
        return frozenset(found)

    @cached_property
    def ancestry(self) -> Mapping[str, tuple[str, ...]]:
        """For every node itself and its ancestors, from the node up to its root."""
        known: dict[str, tuple[str, ...]] = {}
        for start in self.parents:
            path: list[str] = []
            node = start
            while node and node not in known:
                path.append(node)
                node = "" if node in self.broken else self.parents[node]
            above = known.get(node, ())
            for each in reversed(path):
                above = (each, *above)
                known[each] = above
        return known

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """For every node (and ``""`` for the roots) its children in declared order."""
        found: dict[str, list[str]] = {"": []}
        for node, parent in self.parents.items():
            found.setdefault(node, [])
            found.setdefault("" if node in self.broken else parent, []).append(node)
        return {node: tuple(kids) for node, kids in found.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Every node after its parent, depth first in declared order: the order of a printed
        outline.
        """
        result: list[str] = []
        stack = list(reversed(self.children[""]))
        while stack:
            node = stack.pop()
            result.append(node)
            stack.extend(reversed(self.children[node]))
        return tuple(result)

    def depth(self, node: str) -> int:
        """0 for a root."""
        return len(self.ancestry[node]) - 1

    def subtree(self, nodes: Iterable[str]) -> frozenset[str]:
        """The nodes given and everything below them."""
        wanted = set(nodes)
        return frozenset(
            node for node, path in self.ancestry.items() if not wanted.isdisjoint(path)
        )
