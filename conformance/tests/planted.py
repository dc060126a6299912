"""PyTorch with one more defect: `asarray` copies arrays of int16."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorpact.backends.protocol import derive
from tensorpact.backends.torch import backend as torch_backend

_asarray = torch_backend.operations["asarray"]


def asarray(data: Any, **arguments: Any) -> Any:
    if isinstance(data, np.ndarray) and data.dtype == np.int16:
        data = data.copy()
    return _asarray(data, **arguments)


backend = derive(torch_backend, operations={"asarray": asarray}, name="planted")
