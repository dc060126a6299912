"""What the guarantees about autograd note, and of whom they ask nothing."""

from __future__ import annotations

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, Nest, call
from verdicts import node, verdict

pytest.importorskip("torch", reason="the only built-in backend with autograd")
sound = load("torch")


def test_what_a_sequence_of_tensors_keeps_is_noted() -> None:
    number = Block("own", "float32", (), alignment=0, grad="leaf")
    assert verdict(sound, [node(Nest("list", (number,) * 2), "tensor")]).notes == ("a leaf",)


def test_a_library_without_autograd_is_not_asked() -> None:
    without = derive(sound, grad={})
    seen = verdict(without, [Case(Block(), call("from_numpy"))])
    assert not {name for name in seen.kept | seen.broken if name.startswith("grad.")}
