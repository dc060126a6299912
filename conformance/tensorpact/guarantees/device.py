"""device: where the result lives."""

from __future__ import annotations

from tensorpact.guarantees import device_cases as cases
from tensorpact.guarantees import device_checks as checks
from tensorpact.guarantees import exports
from tensorpact.guarantees.model import Guarantee, Level
from tensorpact.guarantees.predicates import (
    EVERY,
    INGEST,
)
from tensorpact.guarantees.promises import dlpack, safety, std, std_topic, torch, torch_topic

TITLE = "where the result lives"

_SEMANTICS = std_topic("design_topics/device_support", "semantics", "asarray", "from_dlpack")

GUARANTEES: tuple[Guarantee, ...] = (
    Guarantee(
        id="device.explicit-device-wins",
        level=Level.MUST,
        sentence=(
            "The result is on the device that was asked for, for every kind of input and over "
            "any default, or the call raises."
        ),
        why=(
            "A tensor that lands elsewhere fails far away, at the first operation with another "
            "one, or computes on the slow device without a word."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            std("asarray", "parameter device"),
            std("from_dlpack", "parameter device"),
            _SEMANTICS,
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=cases.explicit,
        check=checks.on_expected_device,
    ),
    Guarantee(
        id="device.carried-device-is-kept",
        level=Level.MUST,
        over="memory",
        sentence="Without device, a tensor stays where it is, also under a default device.",
        why=(
            "Code that sets a default device moves the tensors that pass through it, away from "
            "the ones that they are used with."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            std("asarray", "parameter device"),
            std("from_dlpack", "parameter device"),
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=cases.carried,
        check=checks.on_expected_device,
    ),
    Guarantee(
        id="device.host-data-goes-to-default",
        level=Level.MUST,
        sentence=(
            "Without device, numbers and NumPy arrays go to the current default device, whether "
            "it was set for the process or for a context."
        ),
        why="A program that sets the default once still computes on the host.",
        operations=INGEST,
        promised_by=(
            torch("as_tensor", "parameter device"),
            torch("tensor", "parameter device"),
            torch("asarray", "parameter device"),
            torch("set_default_device", "description", *INGEST),
        ),
        applies=cases.to_default,
        check=checks.on_expected_device,
    ),
    Guarantee(
        id="device.sharing-constructors-ignore-default",
        level=Level.MUST,
        over="memory",
        sentence="Functions that only share ignore the default device: host memory stays.",
        why="A result elsewhere cannot share, so writes to it silently miss the array.",
        operations=("from_numpy", "frombuffer", "from_dlpack"),
        promised_by=(
            torch("set_default_device", "note on sharing functions", "from_numpy", "frombuffer"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=cases.under_default,
        check=checks.on_expected_device,
    ),
    Guarantee(
        id="device.spellings-are-one-device",
        level=Level.SHOULD,
        sentence=(
            "Every spelling of one device, with and without index, as string or as object, has "
            "the same outcome: the same place, the same sharing, the same copying."
        ),
        why=(
            "Passing `x.device` on, or adding an index, turns a view into a copy: writes are "
            "lost and memory doubles."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            torch_topic("tensor_attributes", "torch.device", *INGEST, "from_dlpack"),
            safety("one device has one behaviour"),
        ),
        applies=cases.spelled,
        check=checks.behaves_as_first_spelling,
        related=cases.first_spelling,
    ),
    Guarantee(
        id="device.unknown-device-raises",
        level=Level.MUST,
        sentence="Asking for a device that does not exist raises; nothing is returned.",
        why="A misspelt device is taken for another one, and nobody notices before production.",
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            _SEMANTICS,
            torch_topic("tensor_attributes", "torch.device", *INGEST, "from_dlpack"),
            safety("what was asked for is done or refused"),
        ),
        applies=cases.unknown,
        check=checks.raises,
    ),
    Guarantee(
        id="device.transfer-is-independent",
        level=Level.MUST,
        over="memory",
        sentence="A result on another device never aliases its source.",
        why="A write on one device would show, or race, on the other.",
        operations=INGEST,
        promised_by=(
            torch("as_tensor", "data on another device"),
            torch("tensor", "description"),
            torch("asarray", "data on another device"),
        ),
        applies=cases.has_memory,
        check=checks.moved_apart,
    ),
    Guarantee(
        id="device.no-copy-across-devices",
        level=Level.MUST,
        over="memory",
        sentence=(
            "copy=False raises where the result would be on another device with memory of its own."
        ),
        why="A caller who forbids the transfer pays for it all the same, and writes to a copy.",
        operations=("asarray", "from_dlpack"),
        promised_by=(
            std("asarray", "parameter copy"),
            std("from_dlpack", "parameter copy"),
            torch("asarray", "parameter copy"),
        ),
        applies=cases.never_across,
        check=checks.raises_instead_of_copying,
    ),
    Guarantee(
        id="device.data-less-device",
        level=Level.MUST,
        over="memory",
        sentence="Moving data out of a device that holds none raises; no values are invented.",
        why="A model that was built without its weights runs, on numbers that nobody wrote.",
        operations=INGEST,
        promised_by=(safety("no value is made up"),),
        applies=cases.out_of_nowhere,
        check=checks.invents_nothing,
    ),
    Guarantee(
        id="device.reported-device-is-true",
        level=Level.MUST,
        over="memory",
        sentence=(
            "The device that a result reports and the one that it exports are the same, no other "
            "device's, and its elements really are at the address that it names there."
        ),
        why="The next library reads host memory as a GPU's, or the other way round, and dies.",
        operations=EVERY,
        promised_by=(
            dlpack("c_api", "DLDevice and the field data of DLTensor"),
            safety("a description is true"),
        ),
        applies=cases.has_memory,
        check=checks.tells_the_truth,
        related=cases.on_neighbours,
    ),
    Guarantee(
        id="device.foreign-device-array",
        level=Level.MUST,
        over="memory",
        sentence=(
            "An array of another library that lives on an accelerator stays on that accelerator "
            "when neither a device nor a default device is given."
        ),
        why="A copy through the host, at every call, makes the accelerator pointless.",
        operations=("as_tensor", "from_dlpack"),
        promised_by=(
            torch("as_tensor", "CuPy arrays"),
            std("from_dlpack", "parameter device"),
            torch("from_dlpack", "parameter device"),
        ),
        applies=cases.accelerated,
        check=checks.stays_there,
    ),
    Guarantee(
        id="device.dtype-that-it-lacks",
        level=Level.OBSERVE,
        sentence="What becomes of data of a dtype that the device lacks and others have.",
        why=(
            "The documents are silent. Libraries refuse it, or take the nearest dtype that the "
            "device has; code that is to run on every device must know."
        ),
        operations=(*INGEST, "from_dlpack"),
        promised_by=(
            std_topic("API_specification/inspection", "dtypes of a device, recorded only"),
            safety("recorded, never scored"),
        ),
        applies=cases.lacking_dtype,
        check=checks.becomes_of_it,
    ),
    *exports.DEVICE,
)
