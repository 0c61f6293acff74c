"""From a profile and a data set to hours and memory: pure functions."""

import dataclasses

from .data_sets import BOX_BYTES, MASK_BYTES, SHARD_BYTES, DataSize
from .profile import Profile

# Measured with a million boxes (docs/memory.md), seconds of one core a box; one
# process does them while the others wait or have not begun.
_DOCTOR_SECONDS = 31e-6
_COLUMNS_SECONDS = 17e-6
_MERGE_SECONDS = 110e-6
# Index of a process (docs/memory.md).
_INDEX_BOX_BYTES = 31.7
_INDEX_IMAGE_BYTES = 40
_PROCESS_MIB = 430
# Imports, model and data until the first step.
STARTUP_SECONDS = 15
MOST_DEVICES = 64


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one phase takes.

    Attributes:
        devices: That work at once.
        hours: Of wall-clock.
        bound: What rules: ``'device'``, ``'loader'`` or ``'one process'`` (the
            doctor before and the merge after a label run).
        boxes_per_second: Of all devices, while they work.
        cores_needed: Of each device, that the loader keeps up.
    """

    devices: int
    hours: float
    bound: str
    boxes_per_second: float
    cores_needed: float


def training_cost(profile: Profile, data: DataSize, devices: int, cores: float,
                  epochs: int | None = None) -> Cost:
    """Training of the labeller.  Devices share nothing but gradients.

    Args:
        profile: Of a device with the config.
        data: To train on.
        devices: 1 to 64.  The time for exchanging gradients is not in it.
        cores: Of each device: on a CPU all of the machine, else for loading.
        epochs: By default the profile's.
    """
    load = profile.decode_seconds * data.megapixels + profile.train_load_seconds
    samples = data.boxes * data.trainable * (epochs or profile.epochs)
    return _cost(profile, profile.train_seconds, load, samples, devices, cores, 0.)


def labelling_cost(profile: Profile, data: DataSize, devices: int,
                   cores: float) -> Cost:
    """A label run, from the doctor to the validated JSON.

    Args:
        profile, data, devices, cores: As for :func:`training_cost`.
    """
    # Each image is decoded once for all its boxes.
    decode = (profile.decode_seconds * data.megapixels * data.images / data.boxes)
    serial = data.boxes * (_DOCTOR_SECONDS + _COLUMNS_SECONDS + _MERGE_SECONDS)
    return _cost(profile, profile.label_seconds,
                 decode + profile.label_load_seconds, data.boxes, devices, cores,
                 serial)


def _cost(profile: Profile, compute: float, load: float, samples: float,
          devices: int, cores: float, serial: float) -> Cost:
    """Both phases: the slower of computing and loading rules.

    Args:
        compute: Seconds of a device, a box.
        load: Seconds of a core, a box.
        samples: Boxes in all.
        serial: Seconds of one process, which no device shortens.
    """
    if not 1 <= devices <= MOST_DEVICES:
        raise ValueError(f'devices must be 1 to {MOST_DEVICES}, got {devices}')
    if profile.kind == 'cpu':
        left = cores - profile.threads
        # A loader with cores of its own works beside the network; else the
        # two share them, and their times add up.
        seconds = (max(compute, load / left) if left > 0
                   else compute + load / max(1, cores))
        loader_rules = left > 0 and load / left > compute
    else:
        seconds = max(compute, load / cores)
        loader_rules = load / cores > compute
    working = samples * seconds / devices
    bound = 'loader' if loader_rules else 'device'
    if serial > working:
        bound = 'one process'
    return Cost(devices, (working + serial + STARTUP_SECONDS) / 3600, bound,
                devices / seconds if seconds else float('inf'),
                load / compute if compute else 0.)


def index_bytes(data: DataSize) -> float:
    """Memory of the index of boxes and images, in each process that labels."""
    return _INDEX_BOX_BYTES * data.boxes + _INDEX_IMAGE_BYTES * data.images


def process_bytes(data: DataSize) -> float:
    """Memory of a process beside its network: imports and index."""
    return _PROCESS_MIB * 2**20 + index_bytes(data)


def disk_bytes(data: DataSize) -> dict[str, float]:
    """Bytes of the JSON of boxes, of the shards and of the masks JSON."""
    return dict(boxes=data.boxes * BOX_BYTES, shards=data.boxes * SHARD_BYTES,
                masks=data.boxes * (BOX_BYTES + MASK_BYTES))
