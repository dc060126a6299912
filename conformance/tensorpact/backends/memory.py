"""Read host memory where a tensor says that its elements are, past the library that says so."""

from __future__ import annotations

import ctypes
import os
from itertools import product


def readable(address: int, nbytes: int) -> bool:
    """Whether the process may read all of this memory; asking is safe for any address.

    The kernel refuses to copy from memory that is not there, where a load would end the
    process. `nbytes` must fit a pipe, which holds at least 4096.
    """
    source, sink = os.pipe()
    try:
        return os.write(sink, (ctypes.c_char * nbytes).from_address(address)) == nbytes
    except OSError:
        return False
    finally:
        os.close(source)
        os.close(sink)


def gather(address: int, shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bytes:
    """The elements in C order, read from host memory.

    `address` is that of the first element, `strides` and `itemsize` are in bytes. A wrong
    address is not noticed: it reads other memory, or ends the process.
    """
    steps = (
        sum(index * stride for index, stride in zip(indices, strides, strict=True))
        for indices in product(*map(range, shape))
    )
    return b"".join(ctypes.string_at(address + step, itemsize) for step in steps)
