"""From a source to a live object: memory whose every byte the harness knows.

A `Live` source can be read and written behind the back of the library under test: host
memory through the block that the harness allocated, an own tensor through the adapter.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tensorpact.backends.protocol import Backend
from tensorpact.cases import build_host, build_own, dtypes
from tensorpact.cases.build_host import OVER_ARRAYS
from tensorpact.cases.live import UNREAD, UNTOUCHED, Live, Unbuildable
from tensorpact.cases.model import (
    Block,
    Leaf,
    Nest,
    Node,
    Source,
    Story,
    Values,
    leaf_value,
    leaves,
)
from tensorpact.cases.things import SEQUENCES, THINGS


def build(source: Source, backend: Backend) -> Live:
    """The live source. Raises Unbuildable; whatever the adapter raises passes through."""
    if isinstance(source, Story):
        raise Unbuildable("a story makes what it needs as it goes")
    if isinstance(source, Values):
        return _values(source.root, backend)
    blind = OVER_ARRAYS if source.content == UNTOUCHED else {"own", *OVER_ARRAYS}
    if source.content in UNREAD and source.exporter not in blind:
        raise Unbuildable("what lends this memory would touch it")
    if source.exporter == "own":
        return build_own.own(source, backend)
    if source.exporter == "accelerated":
        return build_own.accelerated(source, backend)
    return build_host.lent(source)


# --------------------------------------------------------------------------- values


def _values(root: Node, backend: Backend) -> Live:
    """The nested value; the memory of arrays inside it counts as the source's memory."""
    blocks: list[Live] = []
    live = Live(_node(root, backend, blocks))
    live.keep = blocks
    if all(isinstance(leaf, Leaf) and _is_number(leaf) for leaf in leaves(root)):
        live.flags = lambda: repr(live.obj)
    if not blocks or any(part.get is None for part in blocks):
        return live
    sizes = [len(part.get()) for part in blocks if part.get is not None]
    ends = list(itertools.accumulate(sizes))

    def put(data: bytes) -> None:
        for part, end, size in zip(blocks, ends, sizes, strict=True):
            assert part.put is not None
            part.put(data[end - size : end])

    live.get = lambda: b"".join(part.get() for part in blocks if part.get is not None)
    live.put = put if all(part.put is not None for part in blocks) else None
    live.bytes = live.get
    return live


def _is_number(leaf: Leaf) -> bool:
    return leaf.kind not in ("str", "bytes", "none", "thing")


def _node(node: Node, backend: Backend, blocks: list[Live]) -> Any:
    if isinstance(node, Nest):
        return SEQUENCES[node.kind]([_node(item, backend, blocks) for item in node.items])
    if isinstance(node, Block):
        blocks.append(build(node, backend))
        return blocks[-1].obj
    return _leaf(node)


def _leaf(leaf: Leaf) -> Any:
    kind, _, name = leaf.kind.partition(":")
    if kind == "thing":
        return THINGS[leaf.text].make()
    if kind == "scalar":
        return np.array(leaf_value(leaf)).astype(dtypes.storage(name))[()]
    return leaf_value(leaf)
