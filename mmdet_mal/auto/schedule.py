"""How long to train: by the number of boxes, the speed, and the minutes."""

import dataclasses
import math

from mmdet_mal.utils.errors import UserError

from .presets import Preset

# A training that was cut short to less than this is not started by itself;
# the recipe's own warm-up takes 50 to 100 steps.  Chosen, not measured.
MIN_STEPS = 300
# Between two checkpoints: what a kill may cost.
CHECKPOINT_SECONDS = 60
_MIN_CHECKPOINT_STEPS = 10


@dataclasses.dataclass(frozen=True)
class Speed:
    """What was measured on this machine with these boxes, in seconds.

    Attributes:
        step: One training step, 0 where nothing is trained.
        box: Labelling one box.
        startup: Imports, model and data, before either begins.
    """

    step: float
    box: float
    startup: float


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The length of a training.

    Attributes:
        epochs: Times that every box is seen; 0 does not train.
        epoch_steps: Steps of an epoch.
        checkpoint_steps: Steps between two checkpoints.
        train_seconds, label_seconds: Expected.
        reason: Why it is shorter than the preset wants, else ''.
    """

    epochs: int
    epoch_steps: int
    checkpoint_steps: int
    train_seconds: float
    label_seconds: float
    reason: str = ''

    @property
    def steps(self) -> int:
        """Training steps in all."""
        return self.epochs * self.epoch_steps


def plan_schedule(preset: Preset, trainable: int, boxes: int, batch_size: int,
                  speed: Speed, minutes: float | None = None,
                  wished: bool = False) -> Schedule:
    """Fit a training into the time; a pure function.

    Args:
        preset: That was chosen.
        trainable: Boxes to train on.
        boxes: Boxes to label.
        batch_size: Boxes of a step.
        speed: Measured here.
        minutes: For training and labelling together, None for no limit.
        wished: Whether the person asked for this preset: then time that does
            not suffice is an error, else it means not to train.

    Returns:
        The schedule; ``epochs`` is 0 where nothing is to be trained.

    Raises:
        UserError: If a preset was asked for and one epoch does not fit.
    """
    label_seconds = speed.startup + boxes * speed.box
    if not preset.trains:
        return Schedule(0, 0, 0, 0., label_seconds)
    epoch_steps = math.ceil(trainable / batch_size)
    least, most = preset.epochs
    epochs = min(max(round(preset.steps / epoch_steps), least), most)
    wanted, reason = epochs, ''
    if minutes is not None:
        left = minutes * 60 - label_seconds - speed.startup
        possible = int(left / (epoch_steps * speed.step))
        needed = math.ceil((label_seconds + speed.startup
                            + epoch_steps * speed.step) / 60)
        epochs = min(epochs, possible)
        if epochs < 1 and wished:
            raise UserError(
                f'--minutes {minutes:g}: labelling and one epoch of '
                f'{preset.name} take about {needed} minutes here; give at '
                f'least --minutes {needed}, or --instant')
        too_few = epochs * epoch_steps < min(MIN_STEPS, wanted * epoch_steps)
        if epochs < 1 or (too_few and not wished):
            return Schedule(0, epoch_steps, 0, 0., label_seconds, (
                f'--minutes {minutes:g} allows {max(possible, 0) * epoch_steps} '
                f'training steps of {preset.name} on this machine, fewer than '
                f'{MIN_STEPS}: labelled without training'))
        if epochs < wanted:
            reason = (f'--minutes {minutes:g} allows {epochs} of the {wanted} '
                      'epochs that the preset wants')
    return Schedule(
        epochs, epoch_steps,
        max(_MIN_CHECKPOINT_STEPS, int(CHECKPOINT_SECONDS / speed.step)),
        speed.startup + epochs * epoch_steps * speed.step, label_seconds, reason)


def in_words(seconds: float) -> str:
    """A length of time as a person says it: '40 s', '12 minutes', '3.5 hours'."""
    if seconds < 100:
        return f'{max(1, round(seconds))} s'
    if seconds < 100 * 60:
        return f'{seconds / 60:.0f} minutes'
    return f'{seconds / 3600:.1f} hours'
