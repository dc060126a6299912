"""A minimal tensor that keeps every promise of `reftensor.rules`, to be read in an hour.

    import reftensor
    t = reftensor.as_tensor([[1, 2], [3, 4]], dtype="float32", device="sim:0")

Where to read: rules (the specification), ingest (the six operations), sources and nesting
(what data is), tensor, layout and storage (what a tensor is), codec (what an element is),
imports, exports and dlpack (the exchange with other libraries).
"""

from reftensor.defaults import (
    default_device,
    default_dtype,
    get_default_device,
    get_default_dtype,
    set_default_device,
    set_default_dtype,
)
from reftensor.devices import DEVICES, Device
from reftensor.dtypes import (
    DTYPES,
    DType,
    bfloat16,
    bool_,
    complex64,
    complex128,
    dtype,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from reftensor.dtypes import bool_ as bool
from reftensor.ingest import as_tensor, asarray, from_dlpack, from_numpy, frombuffer, tensor
from reftensor.tensor import Tensor

__all__ = [
    "DEVICES",
    "DTYPES",
    "DType",
    "Device",
    "Tensor",
    "as_tensor",
    "asarray",
    "bfloat16",
    "bool",
    "bool_",
    "complex64",
    "complex128",
    "default_device",
    "default_dtype",
    "dtype",
    "float16",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "frombuffer",
    "get_default_device",
    "get_default_dtype",
    "int8",
    "int16",
    "int32",
    "int64",
    "set_default_device",
    "set_default_dtype",
    "tensor",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]
