"""A case as one word, short enough for a command line, from which it can be made again."""

from __future__ import annotations

import base64
import binascii
import json
import zlib

from tensorpact.cases.as_json import from_json, to_json
from tensorpact.cases.model import Case

_FIRST = "1"
"""The version of the words. Another `_KNOWN`, or JSON that is no longer read, needs a new one."""

_KNOWN = (
    b'"state":{"default_device":"default_real":"float64","device_form":"context"'
    b'"warnings":"error"}"schedule":"repeated"["scalar:int64","int=["complex","["thing",'
    b'"["str","["bool","True"]["none",""]["float","0x1.0000000000000p+0"]["int","1"]'
    b'"source":{"values":{"list":[{"tuple":[{"story":["make","write","drop",'
    b'"twist":"offset_8""lazy":"conjugate""grad":"history""device":"sim:0""content":"specials"'
    b'"readonly":true,"foreign_order":true,"alignment":1,"strides":[-4],"layout":"negative",'
    b'"shape":[2,3],"shape":[],"dtype":"uint8","dtype":"bfloat16","dtype":"complex64",'
    b'"dtype":"float16","dtype":"int64","exporter":"memoryview","exporter":"array.array",'
    b'"exporter":"array_interface","exporter":"dlpack_old","exporter":"own",'
    b'{"call":{"dtype":"float32","copy":false,"copy":true,"device":"cpu#0","operation":'
    b'"from_numpy"},"operation":"frombuffer"},"operation":"tensor"},"operation":"__dlpack__"},'
    b'"operation":"as_tensor"},"operation":"from_dlpack"},"operation":"asarray"},'
    b'"source":{"block":{'
)
"""What the JSON of cases is made of, the commonest last: it need not stand in the word."""

_MOST = 1 << 20
"""So many bytes of JSON are read: a word is typed by anybody."""


def shortened(case: Case) -> str:
    """The word for a case: letters, digits, - and _."""
    text = json.dumps(to_json(case), sort_keys=True, separators=(",", ":"))
    packer = zlib.compressobj(9, wbits=-15, zdict=_KNOWN)
    packed = packer.compress(text.encode()) + packer.flush()
    return _FIRST + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def case_of(word: str) -> Case:
    """The case that `shortened` gave the word for. Raises ValueError for any other word."""
    if not word.startswith(_FIRST):
        raise ValueError("it was made by another version of tensorpact, or not by it at all")
    body = word.removeprefix(_FIRST)
    unpacker = zlib.decompressobj(wbits=-15, zdict=_KNOWN)
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        text = unpacker.decompress(packed, _MOST)
        if not unpacker.eof:
            raise ValueError("it is cut off")
        return from_json(json.loads(text))
    except (binascii.Error, zlib.error, json.JSONDecodeError, RecursionError) as error:
        raise ValueError("it is not whole") from error
