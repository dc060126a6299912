"""Examples written by hand, where those that are made could only show the call."""

from __future__ import annotations

from collections.abc import Mapping

_WATCHED = """
import gc
import weakref
import numpy as np
import reftensor

x = np.arange(1, 4, dtype='float32')
owner = weakref.ref(x)
"""
_GONE = "del x\ngc.collect()\n"

WRITTEN: Mapping[str, tuple[str, str]] = {
    "lifetime.owner-is-kept": (
        "owners-are-forgotten",
        f"{_WATCHED}result = reftensor.as_tensor(x)\n{_GONE}"
        "assert owner() is not None, 'the memory of the result has no owner'",
    ),
    "lifetime.owner-is-released": (
        "sources-are-kept-forever",
        f"{_WATCHED}result = reftensor.as_tensor(x)\ndel result\n{_GONE}"
        "assert owner() is None, 'nobody uses the memory, and it is kept'",
    ),
    "lifetime.copy-holds-nothing": (
        "copies-hold-their-source",
        f"{_WATCHED}result = reftensor.asarray(x, copy=True)\n{_GONE}"
        "assert owner() is None, 'a copy keeps what it was made of'",
    ),
    "lifetime.export-outlives-tensor": (
        "exports-do-not-keep-the-memory",
        f"{_WATCHED}t = reftensor.as_tensor(x)\nexport = np.from_dlpack(t)\ndel t\n{_GONE}"
        "assert owner() is not None, 'the memory of the export has no owner'",
    ),
    "lifetime.unconsumed-capsule-is-freed": (
        "capsules-are-never-freed",
        f"{_WATCHED}t = reftensor.as_tensor(x)\ncapsule = t.__dlpack__()\ndel t, capsule\n{_GONE}"
        "assert owner() is None, 'a capsule that nobody took keeps the memory'",
    ),
    "readonly.sharing-warns-or-protects": (
        "read-only-arrays-become-writable",
        """
import warnings
import numpy as np
import reftensor

x = np.arange(1, 4, dtype='float32')
x.flags.writeable = False
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter('always')
    result = reftensor.as_tensor(x)
try:
    result[...] = 0
except Exception:
    pass
assert warned or x.tolist() == [1.0, 2.0, 3.0], 'a read-only array was overwritten'
""",
    ),
    "error.result-is-a-tensor": (
        "floats-come-back-as-they-are",
        """
import reftensor

result = reftensor.asarray(1.5)
assert isinstance(result, reftensor.Tensor), type(result)
""",
    ),
    "copying.copies-are-made-at-once": (
        "copies-are-made-when-somebody-looks",
        """
import numpy as np
import reftensor

x = np.arange(1, 4, dtype='float32')
result = reftensor.tensor(x)
x[...] = 0
assert result.tolist() == [1.0, 2.0, 3.0], result.tolist()
""",
    ),
    "sharing.lent-memory-is-shared": (
        "lent-arrays-are-copies",
        """
import reftensor

t = reftensor.tensor([1.0, 2.0, 3.0])
array = t.numpy()
array[...] = 0
assert t.tolist() == [0.0, 0.0, 0.0], t.tolist()
""",
    ),
    "dlpack.handshake": (
        "no-version-is-named",
        """
from types import SimpleNamespace
import numpy as np
import reftensor

a = np.arange(1, 4, dtype='float32')
asked = []

def export(**keywords):
    asked.append(keywords)
    return a.__dlpack__(**keywords)

x = SimpleNamespace(__dlpack__=export, __dlpack_device__=a.__dlpack_device__)
result = reftensor.from_dlpack(x)
assert asked[0].get('max_version', (0, 0)) >= (1, 0), asked[0]
""",
    ),
}
"""By guarantee: the backend of the zoo for which the script fails, and the script."""
