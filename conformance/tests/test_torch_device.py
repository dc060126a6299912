"""The simulated device of PyTorch: it holds values, apart from the host, and where it may."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import wraps

import pytest

from tensorpact.backends import find
from tensorpact.backends.memory import readable
from tensorpact.backends.protocol import Backend, claims_of, derive
from tensorpact.backends.smoke import smoke
from tensorpact.cases.model import Block, Case, State, call
from tensorpact.cases.spell import spell
from tensorpact.runner.isolation import How, Note, isolate
from tensorpact.runner.run import run

torch = pytest.importorskip("torch")
torch_device = pytest.importorskip("tensorpact.backends.torch_device")

Story = Callable[[], None]
BOTH = ("sim:0", "sim:1")


def alone(story: Story) -> Story:
    """The test runs in a process of its own: what it registers stays there."""

    @wraps(story)
    def test() -> None:
        _, ending = isolate(_told, story, seconds=60, start="fork")
        assert ending.how is How.DONE, ending

    return test


def _told(_: Note, story: Story) -> None:
    story()


def registered(story: Story) -> Story:
    """Alone, with the device; skipped where PyTorch cannot have one."""

    def with_device() -> None:
        torch_device.register()
        story()

    return _needs_device(wraps(story)(alone(with_device)))


def backend() -> Backend:
    return find.load("torch")


def claimed() -> Backend:
    return torch_device.claim(backend())  # type: ignore[no-any-return]  # the module is not typed here


def _can_have_one() -> bool:
    from torch.utils import backend_registration

    there = hasattr(backend_registration, "_setup_privateuseone_for_python_backend")
    return there and not torch.accelerator.is_available()


_needs_device = pytest.mark.skipif(not _can_have_one(), reason="PyTorch has no place for it")


# --------------------------------------------------------------------------- values


@registered
def test_every_dtype_goes_there_and_comes_back() -> None:
    for native in backend().dtypes.values():
        values = torch.tensor([[0, 1], [1, 0]], dtype=native)
        for device in BOTH:
            there = values.to(device)
            assert str(there.device) == device
            assert torch.equal(there.cpu(), values)


@registered
def test_a_write_through_a_view_shows_in_its_base_and_nowhere_else() -> None:
    base = torch.arange(6, device="sim:0").reshape(2, 3)
    copy, other = base.clone(), base.to("sim:1")
    base.T[1:, 0] = torch.tensor([7, 8])
    assert base.tolist() == [[0, 7, 8], [3, 4, 5]]
    assert copy.tolist() == other.tolist() == [[0, 1, 2], [3, 4, 5]]


@registered
def test_the_host_cannot_reach_its_memory() -> None:
    t = torch.ones(3, device="sim:0")
    assert not readable(t.data_ptr(), t.nbytes)
    with pytest.raises(TypeError):
        t.numpy()


@registered
def test_a_pending_transform_is_carried_out_by_a_copy() -> None:
    t = torch.tensor([1 + 2j], device="sim:0")
    assert t.conj().cpu().resolve_conj().tolist() == [1 - 2j]
    assert t.conj().imag.to("sim:1").tolist() == [-2]
    t.conj().copy_(torch.tensor([3 + 4j]))
    assert t.tolist() == [3 - 4j]


@registered
def test_arithmetic_falls_back_to_the_host_and_stays_on_the_device() -> None:
    t = torch.tensor([1.0, -2.0], device="sim:1")
    total = (t.abs() + 1).sum()
    assert (str(total.device), total.item()) == ("sim:1", 5)
    out = torch.empty(0, device="sim:1")
    torch.neg(t, out=out)
    assert out.fill_(7) is out
    assert out.tolist() == [7, 7]


@registered
def test_memory_that_is_in_use_does_not_grow_away_from_its_views() -> None:
    t = torch.arange(3, device="sim:0")
    with pytest.raises(NotImplementedError):
        t.resize_(4)
    assert t.resize_(2).tolist() == [0, 1]


@registered
def test_what_is_not_there_cannot_be_had() -> None:
    with pytest.raises(ValueError, match="no device sim:2"):
        torch.ones(3, device="sim:2")
    with pytest.raises(RuntimeError):
        torch.empty(2**46, device="sim:0")


@registered
def test_a_gradient_reaches_a_leaf_on_either_device() -> None:
    flows = claimed().grad["flows"]
    for device in BOTH:
        leaf, other = (torch.ones(2, device=device, requires_grad=True) for _ in range(2))
        result = leaf.view_as(leaf)
        assert flows(result, leaf)
        assert flows(result.to("cpu"), result)
        assert not flows(leaf.view_as(leaf), other)
        assert not flows(leaf.detach().requires_grad_(), leaf)


@_needs_device
@alone
def test_a_gradient_is_seen_in_a_process_that_called_backward_before() -> None:
    torch.ones(2, requires_grad=True).sum().backward()
    flows = claimed().grad["flows"]
    for device in BOTH:
        leaf = torch.ones(2, device=device, requires_grad=True)
        assert flows(leaf.view_as(leaf), leaf)


# --------------------------------------------------------------------------- the log


@registered
def test_a_copy_to_the_device_is_one_allocation_and_one_transfer() -> None:
    torch_device.LOG.clear()
    torch.asarray([1.0, 2.0], device="sim:1")
    assert list(torch_device.LOG) == [
        torch_device.Allocation("sim:1", 8),
        torch_device.Transfer("cpu", "sim:1", 8),
    ]


@registered
def test_neither_a_view_nor_a_refusal_is_logged() -> None:
    t = torch.ones(3, device="sim:0")
    torch_device.LOG.clear()
    assert torch.asarray(t[1:]).data_ptr() == t.data_ptr() + 4
    with pytest.raises(ValueError, match="alias"):
        torch.asarray(t, device="sim:1", copy=False)
    assert not torch_device.LOG


@registered
def test_memory_goes_with_its_last_tensor() -> None:
    from tensorpact.backends.torch_device import memory

    part = torch.ones(3, device="sim:0")[1:]
    assert len(memory._blocks) == len(memory._live) == 1
    del part
    gc.collect()
    assert not memory._blocks
    assert not memory._live


# --------------------------------------------------------------------------- where it may be


@_needs_device
def test_the_adapter_claims_it_in_a_worker_and_leaves_this_process_as_it_is() -> None:
    mine = derive(backend(), name="mine")
    report = run(mine, only=["device.data-less-device"], budget="quick", jobs=1)
    assert report.header.claims.devices == ("cpu", "meta", *BOTH)
    assert not report.header.claims.notes
    assert claims_of(mine).devices == ("cpu", "meta")
    assert torch._C._get_privateuse1_backend_name() == "privateuseone"
    assert not torch.accelerator.is_available()


@registered
def test_the_adapter_works_with_it() -> None:
    assert smoke(claimed()) == ()


@registered
def test_a_finding_says_how_to_get_the_device() -> None:
    claims = claims_of(claimed())
    cases = (
        Case(Block("own", device="sim:1"), call("asarray")),
        Case(Block(), call("asarray", device="sim:0#0")),
        Case(Block(), call("asarray"), State(default_device="sim:0")),
    )
    for case in cases:
        assert spell(case, claims).count("prepare('torch')") == 1
    assert "prepare" not in spell(Case(Block(), call("asarray")), claims)


def unclaimed(why: str) -> None:
    found = claimed()
    assert found.devices == backend().devices
    (note,) = found.notes
    assert note.startswith("the simulated device sim is not claimed: ")
    assert why in note


@_needs_device
@alone
def test_it_is_not_claimed_where_another_has_its_place() -> None:
    torch.utils.rename_privateuse1_backend("mine")
    unclaimed("'mine'")
    assert str(torch.device("mine")) == "mine"


@_needs_device
@alone
def test_it_is_not_claimed_where_there_is_an_accelerator() -> None:
    torch.accelerator.is_available = lambda: True
    unclaimed("already")


@alone
def test_it_is_not_claimed_where_the_private_interface_is_gone() -> None:
    from torch.utils import backend_registration

    vars(backend_registration).pop("_setup_privateuseone_for_python_backend", None)
    unclaimed("Error")


@_needs_device
@alone
def test_it_is_not_claimed_where_it_fails_its_own_test() -> None:
    from tensorpact.backends.torch_device import operators

    operators._KERNELS["_copy_from"] = lambda _, target, __=False: target
    unclaimed("fails its test")


@_needs_device
@alone
def test_it_is_not_claimed_where_its_memory_is_not_its_own() -> None:
    from tensorpact.backends.torch_device import operators

    operators._KERNELS["empty_strided"] = _empty_on_the_host
    unclaimed("not claimed")


def _empty_on_the_host(size: list[int], stride: list[int], **options: object) -> object:
    return torch.empty_strided(size, stride, **{**options, "device": "cpu"})
