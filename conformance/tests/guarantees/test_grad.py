"""Each guarantee about autograd finds its faults, obvious and hidden."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from tensorpact.backends.find import load
from tensorpact.backends.protocol import derive
from tensorpact.cases.model import Block, Case, Nest, call
from verdicts import Fault, Operation, given, node, verdict

torch = pytest.importorskip("torch", reason="the only built-in backend with autograd")
sound = load("torch")


def own(grad: Literal["", "leaf", "history"], dtype: str = "float32") -> Block:
    return Block("own", dtype, (3,), alignment=0, grad=grad)


# --------------------------------------------------------------------------- faults


def cut_at_conversions(data: Any, **given: Any) -> Any:
    made = torch.as_tensor(data, **given)
    return made.detach().requires_grad_() if made is not data and made.requires_grad else made


def forget_the_need(data: Any, **given: Any) -> Any:
    made = torch.as_tensor(data, **given)
    return made.detach() if "dtype" in given else made


def clone_with_history(data: Any, **given: Any) -> Any:
    return data.clone() if isinstance(data, torch.Tensor) else torch.tensor(data, **given)


def need_for_all_floats(data: Any, **given: Any) -> Any:
    made = torch.tensor(data, **given)
    return made.requires_grad_() if made.dtype.is_floating_point else made


def cut_at_copies(data: Any, **given: Any) -> Any:
    made = torch.asarray(data, **given)
    return made.detach() if given.get("copy") else made


def copy_to_detach(data: Any, **given: Any) -> Any:
    made = torch.asarray(data, **given)
    return made.clone() if given.get("requires_grad") is False else made


def track_half_floats(data: Any) -> Any:
    made = torch.from_numpy(data)
    return made.requires_grad_() if made.dtype is torch.float16 else made


def drop_the_wish_for_bools(data: Any, **given: Any) -> Any:
    wanted = given.pop("requires_grad", False)
    made = torch.tensor(data, **given)
    return made.requires_grad_(wanted and made.dtype is not torch.bool)


def fault(id: str, name: str, operation: str, function: Operation, case: Case) -> Fault:
    faulty = derive(sound, operations={operation: function}, name="faulty")
    return Fault(id, name, faulty, (case,), sound)


FAULTS = (
    fault("grad.as-tensor-keeps-history", "conversions cut the graph", "as_tensor",
          cut_at_conversions, Case(own("history"), call("as_tensor", dtype="float64"))),
    fault("grad.as-tensor-keeps-history", "conversions need no gradient", "as_tensor",
          forget_the_need, Case(own("leaf"), call("as_tensor", dtype="float64"))),
    fault("grad.tensor-is-a-leaf", "a clone keeps its history", "tensor", clone_with_history,
          Case(own("history"), call("tensor"))),
    fault("grad.tensor-is-a-leaf", "floats need a gradient", "tensor", need_for_all_floats,
          given([1.0], "tensor")),
    fault("grad.asarray-inherits", "copies are cut off", "asarray", cut_at_copies,
          Case(own("history"), call("asarray", copy=True))),
    fault("grad.asarray-inherits", "copies of leaves need no gradient", "asarray", cut_at_copies,
          Case(own("leaf"), call("asarray", copy=True))),
    fault("grad.asarray-detaches-by-sharing", "detaching copies", "asarray", copy_to_detach,
          Case(own("history"), call("asarray", requires_grad=False))),
    fault("grad.foreign-data-needs-no-grad", "half floats are tracked", "from_numpy",
          track_half_floats, Case(Block(dtype="float16"), call("from_numpy"))),
    fault("grad.integers-refuse-grad", "bools take the wish and drop it", "tensor",
          drop_the_wish_for_bools, given([True], "tensor", requires_grad=True)),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_is_found_by_its_guarantee_and_by_no_unrelated_one(fault: Fault) -> None:
    broken = verdict(fault.faulty, fault.cases).broken
    assert fault.id in broken
    assert not {name for name in broken - {fault.id} if name.startswith("grad.")}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_sound_backend_keeps_what_the_fault_breaks(fault: Fault) -> None:
    assert fault.id in verdict(fault.sound, fault.cases).kept


def test_what_a_sequence_of_tensors_keeps_is_noted() -> None:
    number = Block("own", "float32", (), alignment=0, grad="leaf")
    assert verdict(sound, [node(Nest("list", (number,) * 2), "tensor")]).notes == ("a leaf",)


def test_a_library_without_autograd_is_not_asked() -> None:
    without = derive(sound, grad={})
    seen = verdict(without, [Case(Block(), call("from_numpy"))])
    assert not {name for name in seen.kept | seen.broken if name.startswith("grad.")}
