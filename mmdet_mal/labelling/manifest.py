"""What a label run was started with; decides whether it may be resumed."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from mmdet_mal.quality.model import QualityModel
from mmdet_mal.version import __version__

from .errors import LabelRunError
from .files import create_once

FORMAT = 1
MANIFEST_NAME = 'manifest.json'

_BLOCK = 1 << 20
# Keys that say where data lie, not what a mask is; the data themselves count
# through the hashes of the input and of the checkpoint.
_DATA_PLACES = ('data_root', 'data_prefix', 'ann_file', 'backend_args')
_WEIGHT_PLACES = ('pretrained', 'init_cfg')


@dataclasses.dataclass(frozen=True)
class LabelManifest:
    """Everything that decides which masks a run writes.

    Attributes:
        checkpoint_sha256: of the checkpoint file, or of the weights in memory
            where there is no file.
        config_sha256: of the parts of the config that decide a mask, see
            :func:`hash_config`.
        input_sha256: of the input JSON's bytes.
        num_chunks: number of chunks that the input is cut into.
        options: settings beside the config, plain JSON (the chunk limit, say).
        version: of this package.
        names: file names for people, by the same keys; never compared, as
            moved files are still the same.
    """

    checkpoint_sha256: str
    config_sha256: str
    input_sha256: str
    num_chunks: int
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    version: str = __version__
    names: dict[str, str] = dataclasses.field(default_factory=dict)

    def save(self, run_dir: str) -> bool:
        """Write the manifest into the run folder, if there is none yet.

        Machines that start at the same moment on a shared folder may all call
        this; one of them writes.  Compare what is there afterwards.

        Returns:
            Whether this call wrote it.

        Raises:
            LabelRunError: if it cannot be written.
        """
        content = dict(format=FORMAT, **dataclasses.asdict(self))
        path = os.path.join(run_dir, MANIFEST_NAME)
        try:
            return create_once(
                path, json.dumps(content, indent=2, sort_keys=True) + '\n')
        except OSError as error:
            raise LabelRunError(
                f'{path}: cannot be written ({error.strerror}); make space, or '
                'choose another run folder') from None

    @classmethod
    def load(cls, run_dir: str) -> 'LabelManifest':
        """Read the manifest of a run folder.

        Raises:
            LabelRunError: if it is absent, broken or of another format.
        """
        path = os.path.join(run_dir, MANIFEST_NAME)
        try:
            with open(path, encoding='utf-8') as file:
                content = json.load(file)
            found = content.pop('format', None)
            if found == FORMAT:
                return cls(**content)
        except FileNotFoundError:
            raise LabelRunError(f'{path}: no such file; this is not the folder '
                                'of a label run') from None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise LabelRunError(
                f'{path}: cannot be read as a manifest ({error}); remove the '
                'run folder and label anew') from None
        raise LabelRunError(
            f'{path}: has format {found!r}, expected {FORMAT}; finish the run '
            'with the version that began it, or remove the run folder')

    def differences(self, other: 'LabelManifest',
                    words: tuple[str, str] = ('then', 'now')) -> list[str]:
        """Say in which points another manifest differs, one phrase each.

        Args:
            other: the manifest of the run that is starting; self is the one
                found in the folder.
            words: what to call the two.

        Returns:
            Phrases such as ``'input: 1f0c… (a.json) then, 77ab… (b.json)
            now'``; empty if the run may go on.
        """
        phrases = []
        then, now = words
        for key in ('checkpoint', 'config', 'input'):
            field = f'{key}_sha256'
            if getattr(self, field) != getattr(other, field):
                phrases.append(f'{key}: {self._show(key)} {then}, '
                               f'{other._show(key)} {now}')
        for field in ('num_chunks', 'version'):
            if getattr(self, field) != getattr(other, field):
                phrases.append(f'{field}: {getattr(self, field)} {then}, '
                               f'{getattr(other, field)} {now}')
        # As JSON, since a tuple is a list once it has been read back.
        ours, theirs = _as_json(self.options), _as_json(other.options)
        for key in sorted(set(ours) | set(theirs)):
            if ours.get(key) != theirs.get(key):
                phrases.append(f'{key}: {ours.get(key)!r} {then}, '
                               f'{theirs.get(key)!r} {now}')
        return phrases

    def provenance(self) -> dict[str, str]:
        """Return what the output's ``info`` tells of its making."""
        return dict(
            checkpoint_sha256=self.checkpoint_sha256,
            config_sha256=self.config_sha256,
            input_sha256=self.input_sha256,
            version=self.version)

    def _show(self, key: str) -> str:
        """Return a short hash with the file's name, where known."""
        short = getattr(self, f'{key}_sha256')[:12]
        name = self.names.get(key)
        return f'{short} ({name})' if name else short


def describe_run(config: Mapping[str, Any], dataset: Any,
                 checkpoint: str | None,
                 weights: Callable[[], Mapping[str, torch.Tensor]] | None = None,
                 options: Mapping[str, Any] | None = None) -> LabelManifest:
    """Build the manifest of a run that is starting.

    Args:
        config: the whole config of MMEngine.
        dataset: a ``LabelChunkDataset`` or what has its ``ann_file``,
            ``chunk_boxes`` and length.
        checkpoint: where the weights came from.
        weights: gives the weights in memory; called, and hashed, where
            ``checkpoint`` is no file (a URL, say).
        options: further settings that decide the masks.

    Raises:
        LabelRunError: if a file cannot be read.
    """
    if checkpoint and os.path.isfile(checkpoint):
        checkpoint_sha256 = hash_file(checkpoint)
    elif weights is not None:
        checkpoint_sha256 = hash_weights(weights())
    else:
        raise LabelRunError(f'{checkpoint}: no such checkpoint file; correct the '
                            'path')
    return LabelManifest(
        checkpoint_sha256=checkpoint_sha256,
        config_sha256=hash_config(config),
        input_sha256=hash_file(dataset.ann_file),
        num_chunks=len(dataset),
        options=dict(options or {}, chunk_boxes=dataset.chunk_boxes),
        names=dict(
            checkpoint=str(checkpoint or 'weights in memory'),
            config=str(getattr(config, 'filename', None) or ''),
            input=dataset.ann_file))


def hash_file(path: str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        LabelRunError: if it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with open(path, 'rb') as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise LabelRunError(f'{path}: cannot be read ({error.strerror}); correct '
                            'the path') from None
    return digest.hexdigest()


def hash_weights(state: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 of a model's weights, whatever file they came from.

    Args:
        state: tensors by name, as ``state_dict`` gives them.
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f'{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def hash_config(config: Mapping[str, Any]) -> str:
    """Return the SHA-256 of those parts of a config that decide a mask.

    These are ``model`` and the test data set, without the places of data and
    of pretrained weights.  Launcher, work folder, logging, number of workers
    and the like are left out: the output must not depend on them.

    Args:
        config: a whole MMEngine config, or a dict like one.
    """
    dataset = (config.get('test_dataloader') or {}).get('dataset')
    model = config.get('model') or {}
    parts = dict(model=_without(model, (*_WEIGHT_PLACES, 'calibration')),
                 dataset=_without(dataset, _DATA_PLACES))
    calibration = (model.get('quality') or {}).get('calibration')
    if calibration is not None:
        # The config may name a file; what is in it makes the scores.
        parts['calibration'] = QualityModel.load(calibration).to_json()
    text = json.dumps(parts, sort_keys=True, default=_config_value)
    return hashlib.sha256(text.encode()).hexdigest()


def _without(value: Any, keys: Sequence[str]) -> Any:
    """Return a nested config without the given keys at any depth."""
    if isinstance(value, Mapping):
        return {k: _without(v, keys) for k, v in value.items() if k not in keys}
    if isinstance(value, (list, tuple)):
        return [_without(v, keys) for v in value]
    return value


def _config_value(value: Any) -> Any:
    """Return what JSON can hold for a value of a config."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    # Classes and functions count by name: their repr may hold an address.
    name = getattr(value, '__qualname__', None)
    return f'{value.__module__}.{name}' if name else repr(value)


def _as_json(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as they look after a round trip through JSON."""
    return json.loads(json.dumps(options, sort_keys=True, default=str))
