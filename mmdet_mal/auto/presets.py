"""The presets of ``mal auto``, and which one fits data and machine."""

import dataclasses

from mmdet_mal.utils.errors import UserError

# Mean IoU on the 60 dev photographs of coco_mini (docs/benchmarks.md): without
# training, and after 40 minutes of the small recipe on two CPU cores.
INSTANT_IOU = .711
SMALL_IOU = .715

# A set of fewer boxes is labelled without training even where a GPU is: the
# networks below have millions of weights to fit.  Chosen, not measured.
MIN_BOXES_FOR_GPU = 2000
# Below this many minutes no training on a GPU gets anywhere.  Chosen.
MIN_MINUTES_FOR_GPU = 20


@dataclasses.dataclass(frozen=True)
class WeightsKind:
    """A published file of weights, told by the shapes in it.

    Attributes:
        file: Name under which the authors offer it.
        owner: Whose it is, with the licence.
        width: Channels of a token.
        patch: Side of a patch in px.
    """

    file: str
    owner: str
    width: int
    patch: int


DEIT_TINY = WeightsKind('deit_tiny_patch16_224-a1311bcf.pth',
                        'the DeiT authors, Apache-2.0', 192, 16)
DINOV2_S = WeightsKind('dinov2_vits14_pretrain.pth',
                       'the DINOv2 authors, Apache-2.0', 384, 14)
DINOV2_B = WeightsKind('dinov2_vitb14_pretrain.pth',
                       'the DINOv2 authors, Apache-2.0', 768, 14)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A way to label.

    Attributes:
        name: What a person gives as ``--preset``.
        config: Name of the shipped config.
        weights: What it starts from.
        steps: Training steps that it aims at; 0 trains nothing.
        epochs: Least and most epochs, whatever the number of boxes.
        gpu_gib: GPU memory that it asks for, GiB; 0 runs on a CPU.
    """

    name: str
    config: str
    weights: WeightsKind
    steps: int = 0
    epochs: tuple[int, int] = (0, 0)
    gpu_gib: int = 0

    @property
    def trains(self) -> bool:
        """Whether it trains before it labels."""
        return self.steps > 0


PRESETS = {
    preset.name: preset for preset in (
        Preset('instant', 'instant_deit-ti', DEIT_TINY),
        Preset('small', 'mal_small', DEIT_TINY, steps=1350, epochs=(4, 60)),
        Preset('dinov2-s', 'mal_dinov2-s_own', DINOV2_S, steps=5000,
               epochs=(10, 60), gpu_gib=8),
        Preset('dinov2-b', 'mal_dinov2-b_own', DINOV2_B, steps=5000,
               epochs=(10, 60), gpu_gib=16),
    )
}


@dataclasses.dataclass(frozen=True)
class Machine:
    """What there is to compute with.

    Attributes:
        device: ``'cpu'`` or ``'cuda'``.
        memory_gib: Of the first GPU; 0 on a CPU.
        cores: CPU cores that this process may use.
        name: Of the GPU, for people.
    """

    device: str = 'cpu'
    memory_gib: float = 0.
    cores: int = 1
    name: str = ''

    def __str__(self) -> str:
        cores = counted(self.cores, 'CPU core')
        if self.device == 'cpu':
            return f'{cores}, no GPU'
        return f'{self.name} ({self.memory_gib:.0f} GiB), {cores}'


@dataclasses.dataclass(frozen=True)
class Choice:
    """A preset and why.

    Attributes:
        preset: Its name.
        reason: For people, one or two sentences.
        batch_size: Boxes of a training step; 0 without training.
    """

    preset: str
    reason: str
    batch_size: int = 0


def choose_preset(trainable: int, images: int, machine: Machine,
                  weights: WeightsKind, minutes: float | None = None,
                  wish: str | None = None) -> Choice:
    """Choose how to label; a pure function, tested as a table.

    Args:
        trainable: Boxes that are sound and large enough to train on.
        images: Images with boxes.
        machine: To compute with.
        weights: What the person has.
        minutes: That the person wants to spend, None for no limit.
        wish: The preset that the person asked for.

    Returns:
        The choice.  Whether the minutes suffice for it on this machine is
        measured later (:mod:`.schedule`).

    Raises:
        UserError: If the wish cannot be met: other weights, no such GPU.
    """
    if wish is not None:
        return _as_wished(PRESETS[wish], trainable, machine, weights)
    choice = _choose(trainable, images, machine, weights, minutes)
    _require_weights(PRESETS[choice.preset], weights)
    return choice


def _choose(trainable: int, images: int, machine: Machine,
            weights: WeightsKind, minutes: float | None) -> Choice:
    """The rules where nothing was asked for."""
    if machine.device == 'cpu':
        return Choice('instant', (
            'there is no GPU, and masks without training are nearly as good: mean '
            f'IoU {_dot(INSTANT_IOU)} on 60 COCO photographs, against '
            f'{_dot(SMALL_IOU)} after 40 minutes of training on two cores '
            '(--preset small trains all the same)'))
    if trainable < MIN_BOXES_FOR_GPU:
        return Choice('instant', (
            f'{counted(trainable, "box", "es")} in {counted(images, "image")} '
            f'can train; below {MIN_BOXES_FOR_GPU} we label without training '
            '(--preset trains all the same)'))
    if minutes is not None and minutes < MIN_MINUTES_FOR_GPU:
        return Choice('instant', (
            f'--minutes {minutes:g} is too short to train anything; '
            f'{MIN_MINUTES_FOR_GPU} is the least that we start with'))
    fitting = [p for p in PRESETS.values()
               if p.gpu_gib and p.gpu_gib <= machine.memory_gib]
    if not fitting:
        return Choice('instant', (
            f'the GPU has {machine.memory_gib:.0f} GiB; training asks for '
            f'{PRESETS["dinov2-s"].gpu_gib}'))
    best = fitting[-1]
    usable = [p for p in fitting if p.weights == weights]
    if not usable:
        return Choice('instant', (
            f'this GPU could train {best.name}, but the weights are '
            f'{weights.file}; get {best.weights.file} ({best.weights.owner}; '
            'docs/encoders.md) and name it with --weights'))
    chosen = usable[-1]
    return Choice(chosen.name, (
        f'{counted(trainable, "box", "es")} and a GPU of '
        f'{machine.memory_gib:.0f} GiB (we have not measured this preset on a '
        'set of this size)'),
        batch_size_for(chosen, machine))


def batch_size_for(preset: Preset, machine: Machine) -> int:
    """Boxes of a training step.

    On a GPU the table is a guess; where memory runs out, the probe halves it.
    """
    if not preset.trains:
        return 0
    if not preset.gpu_gib:
        return 16  # the recipe's, to which its learning rate belongs
    scale = 2 if preset.name == 'dinov2-b' else 1
    for gib, batch_size in ((40, 32), (24, 16), (16, 8)):
        if machine.memory_gib >= gib * scale:
            return batch_size
    return 4


def _as_wished(preset: Preset, trainable: int, machine: Machine,
               weights: WeightsKind) -> Choice:
    if preset.trains and not trainable:
        instant = PRESETS['instant']
        _require_weights(instant, weights)
        return Choice('instant', (
            f'no box is large enough to train {preset.name} on; labelled '
            'without training'))
    if preset.gpu_gib and machine.device == 'cpu':
        raise UserError(
            f'--preset {preset.name}: needs a GPU of {preset.gpu_gib} GiB, and '
            'there is none here; take --preset small or --instant')
    _require_weights(preset, weights)
    return Choice(preset.name, 'as asked for',
                  batch_size_for(preset, machine))


def _require_weights(preset: Preset, weights: WeightsKind) -> None:
    if weights != preset.weights:
        raise UserError(
            f'preset {preset.name}: starts from {preset.weights.file} '
            f'({preset.weights.owner}; docs/encoders.md says where it is), but '
            f'the weights given are like {weights.file}; name the other file '
            'with --weights, or choose another --preset')


def counted(count: int, noun: str, plural: str = 's') -> str:
    """A number with its noun: ``'1 box'``, ``'2 boxes'``."""
    return f'{count} {noun}{plural * (count != 1)}'


def _dot(value: float) -> str:
    return f'{value:.3f}'.lstrip('0')
