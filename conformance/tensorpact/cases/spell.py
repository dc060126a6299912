"""A case as the lines that a person would type, ending in the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from tensorpact.backends.protocol import Claims
from tensorpact.cases import contents, dtypes, layouts
from tensorpact.cases.model import Argument, Block, Case, Leaf, Node, Story, leaf_value, two_numbers
from tensorpact.cases.schedules import SCHEDULES
from tensorpact.cases.things import THINGS
from tensorpact.cases.twists import twist_of
from tensorpact.cases.words import module, spelled, word


def spell(case: Case, claims: Claims) -> str:
    """The case as Python: the input, the state, and in the last line the call."""
    if isinstance(case.source, Story):
        from tensorpact.cases.spell_story import told  # which spells its steps by this module

        return "\n".join(told(case.source, claims))
    lines: list[str] = []
    root = case.root
    if case.block is not None:
        lines += block_lines(case.block, claims, "x")
        data = "x"
    else:
        assert root is not None
        data = node_text(root, claims, lines)
    call = scheduled(case, claims, call_text(case, claims, data))
    return "\n".join([*preparations(case, claims), *lines, *in_state(case, claims, call)])


_GIVEN: Mapping[str, str] = {
    "__dlpack__": "{}.__dlpack__({})",
    "__array__": "{}.__array__()",
    "buffer": "memoryview({})",
}


def call_text(case: Case, claims: Claims, data: str) -> str:
    """The call of the case on what goes by the name of `data`."""
    name, arguments = case.call.operation, _arguments(case, claims)
    if name in _GIVEN:
        return (spelled(claims, name) or _GIVEN[name]).format(data, ", ".join(arguments))
    return f"{operation_text(name, claims)}({', '.join([data, *arguments])})"


def scheduled(case: Case, claims: Claims, call: str) -> str:
    """The call, and what is done after it, or with it, along the schedule."""
    if not case.schedule:
        return call
    schedule = SCHEDULES[case.schedule]
    if case.call.operation == "__dlpack__":
        call = f"reftensor.from_dlpack({call})"
    bare = schedule.kind in ("repeat", "concurrent", "unconsumed")
    first = [] if bare else [f"result = {call}"]
    words = {
        "{}": call,
        "{source resized}": _RESIZED.get(
            case.block.exporter if case.block else "", "x.resize(...)"
        ),
        "{result resized}": word(claims, "resize", x="result"),
    }
    lines = "\n".join([*first, *schedule.lines])
    for name, text in words.items():
        lines = lines.replace(name, text)
    return lines


_RESIZED = {"bytearray": "x.append(0)", "array.array": "x.append(x[0])", "mmap": "x.close()"}


def preparations(case: Case, claims: Claims) -> list[str]:
    """What must be done before the devices of the case are there."""
    source = case.block.device if case.block is not None else ""
    devices = (source, case.call.device or "", case.state.default_device)
    return list(dict.fromkeys(filter(None, (spelled(claims, f"prepare:{d}") for d in devices))))


def operation_text(name: str, claims: Claims) -> str:
    """The operation as a person types it."""
    return spelled(claims, name) or f"{module(claims)}.{name}"


def dtype_text(name: str, claims: Claims) -> str:
    """The dtype of a standard name as a person types it."""
    return spelled(claims, f"dtype:{name}") or f"{module(claims)}.{name}"


def device_text(value: str, claims: Claims) -> str:
    """A device, `name#k` being its k-th spelling, as a person types it."""
    return spelled(claims, f"device:{value}") or repr(value.partition("#")[0])


_PYTHON_DTYPES: Mapping[str, str] = {
    "python:str": "'float32'",
    "python:numpy": "np.dtype('float32')",
}


_NUMBERED: Mapping[str, Callable[[str], str]] = {
    "max_version": lambda text: str(two_numbers(text)),
    "dl_device": lambda text: "x.__dlpack_device__()" if text == "own" else str(two_numbers(text)),
    "stream": lambda text: f"the device's stream {text}",
}


def _arguments(case: Case, claims: Claims) -> list[str]:
    def text(name: str, value: Argument) -> str:
        if name == "dtype" and isinstance(value, str):
            if value.startswith("python:"):
                return _PYTHON_DTYPES.get(value, value.partition(":")[2])
            return dtype_text(value, claims)
        if name == "device" and isinstance(value, str):
            return device_text(value, claims)
        if name in _NUMBERED and isinstance(value, str):
            return _NUMBERED[name](value)
        return repr(value)

    return [f"{name}={text(name, value)}" for name, value in case.call.arguments]


def in_state(case: Case, claims: Claims, call: str) -> list[str]:
    """The lines of a call where the defaults of the case are set."""
    state = case.state
    lines, indent = [], ""
    if state.default_real:
        dtype = dtype_text(state.default_real, claims)
        lines.append(word(claims, "set_default_dtype", dtype=dtype))
    if state.default_device:
        device = device_text(f"{state.default_device}#0", claims)
        if state.device_form == "setting":
            lines.append(word(claims, "set_default_device", device=device))
        else:
            lines.append(f"with {word(claims, 'default_device')}({device}):")
            indent = "    "
    if state.warnings:
        lines.append(f"{indent}with warnings.catch_warnings(action={state.warnings!r}):")
        indent += "    "
    return [*lines, *(indent + line for line in call.splitlines())]


# --------------------------------------------------------------------------- values


def node_text(node: Node, claims: Claims, lines: list[str]) -> str:
    """A nested value as an expression; the arrays in it are made by further `lines`."""
    if isinstance(node, Leaf):
        return _leaf(node)
    if isinstance(node, Block):
        name = f"x{len([line for line in lines if ' = ' in line]) or ''}"
        lines += block_lines(node, claims, name)
        return name
    items = [node_text(item, claims, lines) for item in node.items]
    if node.kind == "tuple":
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    text = f"[{', '.join(items)}]"
    return text if node.kind == "list" else f"{node.kind}({text})"


def _leaf(leaf: Leaf) -> str:
    kind, _, name = leaf.kind.partition(":")
    if kind == "thing":
        return THINGS[leaf.text].text
    value = leaf_value(leaf)
    if kind == "scalar":
        return f"np.{name}({_number(value)})"
    return _number(value)


def _number(value: object) -> str:
    if isinstance(value, float) and not np.isfinite(value):
        return f"float('{value}')"
    if isinstance(value, complex) and not (np.isfinite(value.real) and np.isfinite(value.imag)):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**70:
        return _big(value)
    return repr(value)


def _big(value: int) -> str:
    digits = str(abs(value))
    sign = "-" if value < 0 else ""
    return f"{sign}10**{len(digits) - 1}" if digits.strip("0") == "1" else str(value)


# --------------------------------------------------------------------------- blocks


def block_lines(block: Block, claims: Claims, name: str) -> list[str]:
    """The lines that make the data and call it `name`.

    An array that is lent by another object has the same name with an "a" for the "x".
    """
    if block.exporter == "own":
        return _own_lines(block, claims, name)
    if block.exporter == "accelerated":
        inner = inner_name(name)
        return [*_own_lines(block, claims, inner), f"{name} = {WRAPPED['dlpack'].format(inner)}"]
    if block.exporter in _FLAT:
        return _FLAT[block.exporter](block, name)
    wrap = (_BY_HAND if block.twist else WRAPPED).get(block.exporter)
    lent, name = name, name if wrap is None else inner_name(name)
    lines = [f"{name} = {_ndarray(block)}"]
    unset = block.exporter == "memmap" or not _typable(block)
    if unset and 0 not in block.shape and block.dtype not in dtypes.FOREIGN:
        lines.append(f"{name}[...] = {_numbers(block, prod(block.shape))}.reshape({block.shape})")
    if block.readonly:
        lines.append(f"{name}.flags.writeable = False")
    if wrap is None:
        return lines
    made = f"{lent} = {wrap.format(name)}"
    lines += [text.format(name) for text in _LENDERS.get(block.exporter, ())]
    by_hand = f", made by hand: {twist_of(block).text}" if block.twist else ""
    return [*lines, made + by_hand]


def inner_name(name: str) -> str:
    """The name of the array that the object of this name lends."""
    return name.replace("x", "a", 1)


def _ndarray(block: Block) -> str:
    if block.exporter == "memmap":
        return (
            _placed(block, "np.memmap(tempfile.TemporaryFile(), 'u1', 'w+', shape={})")
            + ".view(np.memmap)"
        )
    if not _typable(block):
        return _placed(block)
    swapped = f".astype(np.dtype({block.dtype!r}).newbyteorder())"
    return _typed(block) + swapped * block.foreign_order


def _typable(block: Block) -> bool:
    """Whether indexing makes it, the allocator's alignment being good enough.

    Converting to another byte order makes a compact array, whatever the layout was.
    """
    aligned = not block.alignment or block.alignment >= 16
    kept = not block.foreign_order or block.layout == "C"
    return aligned and kept and block.layout in layouts.LAYOUTS


def _typed(block: Block) -> str:
    recipe = layouts.LAYOUTS[block.layout](block.shape) if block.layout != "C" else None
    base = recipe.base if recipe is not None else block.shape
    text = _numbers(block, prod(base))
    if len(base) != 1:
        text += f".reshape({', '.join(map(str, base)) or '()'})"
    if recipe is None:
        return text
    if recipe.expand is not None:
        return (
            f"np.lib.stride_tricks.as_strided({text}, {block.shape}, {layouts.byte_strides(block)})"
        )
    index = f"[{_index(recipe)}]" if recipe.index else ""
    return text + index + _transposed(recipe.axes)


def _index(recipe: layouts.Recipe) -> str:
    return ", ".join(map(_slice, recipe.index))


def _transposed(axes: tuple[int, ...]) -> str:
    if not axes:
        return ""
    reverse = axes == tuple(reversed(range(len(axes))))
    return ".T" if reverse else f".transpose({', '.join(map(str, axes))})"


def _slice(part: slice) -> str:
    ends = f"{'' if part.start is None else part.start}:{'' if part.stop is None else part.stop}"
    return ends if part.step is None else f"{ends}:{part.step}"


def _numbers(block: Block, count: int) -> str:
    dtype = _held(block.dtype)
    if (
        block.content == "counting"
        and dtype[:1] in "iuf"
        and block.dtype != "bfloat16"
        and count <= 40
    ):
        return f"np.arange(1, {count + 1}, dtype={dtype!r})"
    if block.dtype in dtypes.FOREIGN or count > 24:
        kind = "i4,f4" if block.dtype == "structured" else dtypes.storage(block.dtype).str
        return f"np.ones({count}, dtype={kind!r})"
    found = contents.elements(block.content, block.dtype, count)
    return f"np.array([{', '.join(_number(v) for v in found.tolist())}], dtype={dtype!r})"


def _held(dtype: str) -> str:
    """The name of the NumPy dtype that holds the elements."""
    return "uint16" if dtype == "bfloat16" else dtype.rpartition(":")[2]


def _placed(block: Block, buffer: str = "bytearray({})") -> str:
    """An array over a buffer, where the layout or the address has to be said."""
    strides = layouts.byte_strides(block)
    size = dtypes.itemsize(block.dtype)
    low, high = layouts.span(block.shape, strides, size)
    offset = -low + (block.alignment % 64)
    kind = repr(_held(block.dtype))
    if block.foreign_order:
        kind = f"np.dtype({kind}).newbyteorder()"
    memory = buffer.format(max(offset + high, 1))
    return f"np.ndarray({block.shape}, {kind}, {memory}, offset={offset}, strides={strides})"


def _own_lines(block: Block, claims: Claims, name: str) -> list[str]:
    recipe = layouts.LAYOUTS[block.layout](block.shape)
    found = contents.elements(block.content, block.dtype, prod(recipe.base))
    maker = next(o for o in ("tensor", "asarray", "as_tensor", *sorted(claims.operations))
                 if o in claims.operations)  # fmt: skip
    numbers = _nested_numbers(found, block.dtype, recipe.base)
    arguments = [numbers, f"dtype={dtype_text(block.dtype, claims)}"]
    if block.device and block.device != claims.host:
        arguments.append(f"device={device_text(f'{block.device}#0', claims)}")
    text = _viewed(
        f"{operation_text(maker, claims)}({', '.join(arguments)})", block, recipe, claims
    )
    lines = [f"{name} = {text}"]
    if block.grad == "history":
        lines.append(f"{name} = {word(claims, 'history', x=name)}")
    protect = spelled(claims, "protect") or "{0} = read_only({0})"
    return [*lines, *([protect.format(name)] if block.readonly else [])]


def _viewed(text: str, block: Block, recipe: layouts.Recipe, claims: Claims) -> str:
    """The view of an own tensor that the block describes."""
    if recipe.index:
        text = word(claims, "view", x=text, index=_index(recipe))
    if recipe.axes:
        text = word(claims, "permute", x=text, axes=", ".join(map(str, recipe.axes)))
    if recipe.expand is not None:
        strides = layouts.byte_strides(block)
        text = word(claims, "expand", x=text, shape=recipe.expand, strides=strides)
    if block.lazy:
        text = word(claims, block.lazy, x=text)
    return word(claims, "require", x=text) if block.grad else text


def _nested_numbers(found: np.ndarray, dtype: str, shape: tuple[int, ...]) -> str:
    """As lists, which cannot say what comes after a dimension of length zero."""
    if 0 in shape[:-1]:
        return f"np.ones({shape})"
    if found.size > 24:
        return f"[1] * {found.size}" if len(shape) == 1 else f"np.ones({shape}).tolist()"
    if dtype == "bfloat16":
        found = (found.astype(np.uint32) << 16).view(np.float32)
    return _listed(found.reshape(shape).tolist())


def _listed(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_listed(item) for item in value)}]"
    return _number(value)


def _values(block: Block) -> str:
    found = contents.elements(block.content, block.dtype, block.shape[0])
    if found.size > 24:
        return f"[1] * {found.size}"
    return f"[{', '.join(_number(v) for v in found.tolist())}]"


_FLAT: Mapping[str, Callable[[Block, str], list[str]]] = {
    "array.array": lambda b, n: [f"{n} = array.array({dtypes.TYPECODES[b.dtype]!r}, {_values(b)})"],
    "bytearray": lambda b, n: [f"{n} = bytearray({_values(b)})"],
    "bytes": lambda b, n: [f"{n} = bytes({_values(b)})"],
    "mmap": lambda b, n: [f"{n} = mmap.mmap(-1, {b.shape[0]})", f"{n}[:] = bytes({_values(b)})"],
}

_DEVICE = f"\n{' ' * 20}__dlpack_device__={{0}}.__dlpack_device__"

WRAPPED: Mapping[str, str] = {
    "subclass": "{}.view(type('SubArray', (np.ndarray,), {{}}))",
    "memoryview": "memoryview({})",
    "array_interface": "SimpleNamespace(__array_interface__={0}.__array_interface__, array={0})",
    "array_protocol": "SimpleNamespace(__array__=lambda dtype=None, copy=None: "
    "np.array({}, dtype, copy=copy))",
    "array_protocol_old": "Lender()",
    "dlpack": f"SimpleNamespace(__dlpack__={{0}}.__dlpack__,{_DEVICE})",
    "dlpack_old": "SimpleNamespace(__dlpack__=lambda stream=None: "
    f"{{0}}.__dlpack__(stream=stream),{_DEVICE})",
    "dlpack_ignores_copy": "SimpleNamespace(__dlpack__=lambda copy=None, **others: "
    f"{{0}}.__dlpack__(**others),{_DEVICE})",
    "capsule": "{}.__dlpack__()",
}
"""How an array is handed over to be lent through one protocol alone."""

_LENDERS: Mapping[str, tuple[str, ...]] = {
    "array_protocol_old": (
        "class Lender:",
        "    def __array__(self, dtype=None): return np.asarray({}, dtype)",
    ),
}
"""What needs a class: NumPy knows the old protocol by the name in the exception that it raises."""

_BY_HAND: Mapping[str, str] = {
    "dlpack": "DLPack({})  # an object with __dlpack__ alone, all keywords",
    "dlpack_old": "OldDLPack({})  # an object with __dlpack__(stream=None), legacy capsules",
    "dlpack_ignores_copy": "DLPackIgnoringCopy({})  # its __dlpack__ does not honour copy",
    "capsule": "capsule_of({})  # a bare capsule",
}
