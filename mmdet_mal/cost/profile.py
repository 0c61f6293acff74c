"""Speed of one device with one config: measured, or said to be an estimate."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.errors import UserError

FORMAT = 'mal-cost-profile'
VERSION = 1
_SHIPPED = Path(__file__).parent / 'profiles'


@dataclasses.dataclass(frozen=True)
class Profile:
    """What a box costs on one device, with one config.

    Seconds of the device are of computing alone, everything read before.
    Seconds of a core are processor seconds of the data loader.

    Attributes:
        device: What it was measured on, or what is estimated.
        kind: ``'cpu'`` or ``'gpu'``.
        config: Name of the config.
        basis: ``'measured'`` or ``'estimate'``.
        note: When and how, or what the estimate assumes.
        train_seconds: Of the device, a trained box: both networks, losses,
            backward, optimizer.
        label_seconds: Of the device, a labelled box, until its mask is encoded.
        decode_seconds: Of a core, a megapixel of a JPEG.
        train_load_seconds: Of a core, a trained box, decoding aside: crop,
            colours, packing.
        label_load_seconds: Of a core, a labelled box, decoding aside.
        threads: Cores that the device's seconds keep busy (on a CPU).
        batch_size: Boxes of a training step of one device.
        epochs: Of the config.
        train_gib: Memory of a training process on the device, GiB; 0 unknown.
        label_gib: Memory of a labelling process on the device, GiB; 0 unknown.
    """

    device: str
    kind: str
    config: str
    basis: str
    note: str
    train_seconds: float
    label_seconds: float
    decode_seconds: float
    train_load_seconds: float
    label_load_seconds: float
    threads: int = 1
    batch_size: int = 1
    epochs: int = 1
    train_gib: float = 0.
    label_gib: float = 0.

    def save(self, path: str) -> None:
        """Write it as JSON."""
        content = dict(format=FORMAT, version=VERSION, **dataclasses.asdict(self))
        with write_then_rename(path) as file:
            json.dump(content, file, indent=2)
            file.write('\n')

    @classmethod
    def load(cls, path: str | Path) -> 'Profile':
        """Read what :meth:`save` has written.

        Raises:
            UserError: If the file is absent or something else.
        """
        try:
            content = json.loads(Path(path).read_text(encoding='utf-8'))
            if (content.pop('format'), content.pop('version')) != (FORMAT, VERSION):
                raise ValueError(f'is not of format {FORMAT}, version {VERSION}')
            profile = cls(**content)
            profile.check()
        except OSError as error:
            raise UserError(f'{path}: cannot be read ({error.strerror}); make one '
                            'with --measure') from None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UserError(f'{path}: is no profile of this tool ({error}); make '
                            'one with --measure') from None
        return profile

    def check(self) -> None:
        """Raise ValueError if a number cannot be."""
        for field in dataclasses.fields(self):
            value: Any = getattr(self, field.name)
            if isinstance(field.default, str) or field.type in (str, 'str'):
                if not isinstance(value, str):
                    raise ValueError(f'{field.name} is {value!r}, expected a text')
            elif isinstance(value, bool) or not isinstance(value, (int, float)) \
                    or not 0 <= value < float('inf'):
                raise ValueError(f'{field.name} is {value!r}, expected a number of '
                                 'at least 0')
        if self.kind not in ('cpu', 'gpu'):
            raise ValueError(f'kind is {self.kind!r}, expected cpu or gpu')
        if not self.label_seconds or self.threads < 1 or self.batch_size < 1:
            raise ValueError('label_seconds, threads and batch_size must be above 0')


def shipped_profiles() -> dict[str, Profile]:
    """Profiles of machines that we have measured, by file name."""
    return {path.stem: Profile.load(path) for path in sorted(_SHIPPED.glob('*.json'))}
