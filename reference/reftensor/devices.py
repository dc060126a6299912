"""Devices are `cpu` and the simulated accelerators `sim:0` and `sim:1`.

The memory of a simulated accelerator is its own: the host cannot touch it (see storage.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from reftensor.errors import refusal
from reftensor.rules import Refusal


@dataclass(frozen=True, slots=True)
class Device:
    """Where memory is; `str` gives its standard spelling, such as "cpu" and "sim:0"."""

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.index}"


CPU = Device("cpu")
DEVICES = (CPU, Device("sim", 0), Device("sim", 1))

_SPELLINGS = {str(device): device for device in DEVICES} | {"cpu:0": CPU, "sim": DEVICES[1]}


def device(device: Device | str) -> Device:
    """The device of this spelling: "cpu", "cpu:0", "sim" (the first), "sim:0", "sim:1".

    Raises ValueError for a device that does not exist, TypeError for what cannot name one.
    """
    if not isinstance(device, Device | str):
        raise TypeError(f"a device is named by a string, not by {type(device).__name__}")
    found = _SPELLINGS.get(str(device))
    if found is None or (isinstance(device, Device) and device != found):
        known = ", ".join(map(str, DEVICES))
        raise refusal(Refusal.UNKNOWN_DEVICE, f"no device {str(device)!r}; there are {known}")
    return found
