"""What a GPU that nobody has measured might do: counted work, assumed share."""

import re
from typing import Any

from mmdet_mal.utils.errors import UserError

from .profile import Profile

# Dense bf16 products (fp16 on V100), 10^12 operations a second, without
# sparsity, from the makers' data sheets; and GiB of memory.
GPUS = {
    'b200': ('NVIDIA B200', 2250., 180),
    'h200': ('NVIDIA H200', 989.5, 141),
    'h100': ('NVIDIA H100 80GB HBM3', 989.5, 80),
    'a100': ('NVIDIA A100', 312., 80),
    'v100': ('NVIDIA V100', 125., 32),
    'l40s': ('NVIDIA L40S', 362., 48),
    'l4': ('NVIDIA L4', 121., 24),
    'rtx4090': ('NVIDIA GeForce RTX 4090', 165.2, 24),
    'rtx3090': ('NVIDIA GeForce RTX 3090', 71., 24),
}
# Shares of the peak that are assumed, chosen and not measured.  The paper's 23
# hours of COCO on 8 V100 come to some 6 % of their fp16 peak by the same count.
TRAIN_SHARE = .25
LABEL_SHARE = .3
# Of one core of an AMD EPYC (Zen 3), crops of 512 px of COCO's photographs, by
# `python -m benchmarks.loader`: seconds of a megapixel, of a trained and of a
# labelled box.
DECODE_SECONDS = .0114
TRAIN_LOAD_SECONDS = .0152
LABEL_LOAD_SECONDS = .0019
# Bytes of a parameter in training: weight, gradient and two moments in fp32,
# and the teacher's weight.
_STATE_BYTES = 20
_WEIGHT_BYTES = 8  # student and teacher, while labelling


def find_gpu(name: str) -> str:
    """Key of :data:`GPUS` for what a person wrote.

    Args:
        name: Such as ``'H100'`` or ``'RTX 4090'``.

    Raises:
        UserError: If the table does not have it.
    """
    key = re.sub(r'[^a-z0-9]', '', name.lower()).removeprefix('nvidia')
    if key not in GPUS:
        raise UserError(
            f'{name}: no profile of that name was measured here, and no peak rate '
            f'of it is known; known are {", ".join(GPUS)}; or measure it there '
            'with --measure PROFILE.json and give --profile')
    return key


def estimate_profile(name: str, config: Any, config_name: str,
                     epochs: int) -> Profile:
    """A profile from a count of operations and an assumed share of the peak.

    Args:
        name: Key of :data:`GPUS`.
        config: MMEngine config of a labeller.
        config_name: For people.
        epochs: Of the config.

    Returns:
        The profile, ``basis='estimate'``, with all assumptions in its note.
    """
    from .operations import count_operations
    full, peak, memory = GPUS[name]
    label_work = count_operations(config)
    batch = config.train_dataloader.batch_size if config.get(
        'train_dataloader') else 0
    work = count_operations(config, 'train') if batch else label_work
    views = 2 if config.model.get('flip') else 1
    train = (work.forward * 2 + work.backward) / (peak * 1e12 * TRAIN_SHARE)
    label = label_work.forward * views / (peak * 1e12 * LABEL_SHARE)
    note = (
        f'ESTIMATE, nothing of it measured: {label_work.forward / 1e9:.0f} GFLOP '
        'a forward pass of a label, '
        f'{(work.forward * 2 + work.backward) / 1e9:.0f} a trained '
        f'box, {peak:g} TFLOP/s peak, of which {TRAIN_SHARE:.0%} in training and '
        f'{LABEL_SHARE:.0%} in labelling are assumed; loader as measured '
        'on a core of an AMD EPYC (Zen 3)')
    return Profile(
        device=f'{full} ({memory} GiB)', kind='gpu', config=config_name,
        basis='estimate', note=note,
        train_seconds=train if batch else 0., label_seconds=label,
        decode_seconds=DECODE_SECONDS, train_load_seconds=TRAIN_LOAD_SECONDS,
        label_load_seconds=LABEL_LOAD_SECONDS,
        batch_size=max(1, batch), epochs=epochs,
        train_gib=(work.parameters * _STATE_BYTES
                   + batch * work.saved_bytes) / 2**30 if batch else 0.,
        label_gib=work.parameters * _WEIGHT_BYTES / 2**30)
