"""Label single chunks of a config's test data set, without a runner."""

import dataclasses
import threading
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.utils import import_modules_from_strings
from torch import Tensor

import mmdet_mal  # noqa: F401  its shields come before mmdet
from mmdet_mal.engine.checkpoint import load_strict, load_weights
from mmdet_mal.engine.hooks.pseudo_label import record_of
from mmdet_mal.labelling.config_hooks import LABEL_HOOK, find_hook
from mmdet_mal.labelling.manifest import LabelManifest, describe_run
from mmdet_mal.labelling.records import make_failure
from mmdet_mal.labelling.weights import load_own_weights
from mmdet_mal.machine.precision import Precision, precision_of
from mmdet_mal.utils.errors import UserError


@dataclasses.dataclass(frozen=True)
class LabelTask:
    """What it takes to label any chunk: travels to other processes whole.

    The weights and the columns of the boxes are in it, not their paths: who
    gets a task labels what the one who read the files saw, and needs no disk
    but that of the images.

    Attributes:
        config: the whole MMEngine config.
        state: weights by name, on the CPU.
        dataset: the config's ``mmdet_mal.LabelChunkDataset``, loaded.
        checkpoint: path of the weights' file, for people; None if the labeller
            is not trained.
    """

    config: Config
    state: Mapping[str, Tensor]
    dataset: Any
    checkpoint: str | None

    @classmethod
    def from_files(cls, config: Config,
                   checkpoint: str | None = None) -> 'LabelTask':
        """Read weights and boxes.

        Args:
            config: with ``test_dataloader.dataset`` a LabelChunkDataset.
            checkpoint: path of a checkpoint, opened with ``weights_only``; None
                for what the config itself names, if its labeller is not
                trained.

        Raises:
            UserError: if a file is absent or broken, or the data set is of
                another kind.
        """
        _enter(config)
        state = load_weights(checkpoint) if checkpoint else _own_weights(config)
        dataset = DATASETS.build(config.test_dataloader.dataset)
        if not hasattr(dataset, 'chunk_ann_ids'):
            raise UserError(
                f'{config.filename}: test_dataloader.dataset is a '
                f'{type(dataset).__name__}, which has no chunks; use '
                'mmdet_mal.LabelChunkDataset')
        dataset.full_init()
        return cls(config, state, dataset, checkpoint)

    def manifest(self) -> LabelManifest:
        """Describe a run of this task, as ``tools/test.py`` would."""
        return describe_run(self.config, self.dataset, self.checkpoint,
                            weights=lambda: self.state,
                            options=dict(hook_options(self.config).get('options')
                                         or {}, precision=self.precision().name))

    def precision(self, device: str = 'cpu') -> Precision:
        """What the network computes in, on every actor alike.

        Args:
            device: Of an actor.

        Returns:
            What ``test_cfg`` asks for.  ``'auto'`` is fp32: actors may sit on
            machines of several kinds, and masks of one run must not mix.
        """
        settings = dict(self.config.get('test_cfg') or {})
        if not settings.get('fp16') and settings.get('precision') in ('auto', None):
            return Precision('fp32', 'on Ray, unless test_cfg.precision says else')
        return precision_of(settings, device)

    @property
    def nbytes(self) -> int:
        """Bytes of weights and boxes, the image table apart."""
        return (sum(tensor.nbytes for tensor in self.state.values())
                + self.dataset.nbytes)

    def describe(self, chunk: int, limit: int = 5) -> str:
        """Name a chunk and its boxes for people.

        Args:
            chunk: its index.
            limit: annotation ids that are listed at most.

        Returns:
            Such as ``'chunk 3 (annotations 17, 18, 20 and 13 more of a.jpg)'``.
        """
        ids = self.dataset.chunk_ann_ids(chunk)
        more = f' and {len(ids) - limit} more' if len(ids) > limit else ''
        listed = ', '.join(map(str, ids[:limit]))
        boxes = self.dataset.boxes
        rows = np.flatnonzero(np.isin(boxes.columns.ann_ids, ids)).tolist()
        paths = dict.fromkeys(boxes.get_data_info(r)['img_path'] for r in rows)
        return f"chunk {chunk} (annotations {listed}{more} of {', '.join(paths)})"


class ChunkLabeller:
    """The model of a task, built once; labels chunk after chunk.

    A chunk's records are those that ``tools/test.py`` writes for it: same data
    set, same preprocessing, same model, one batch a chunk.  :meth:`label` may
    be called from two threads: while one has the model, the other decodes and
    encodes.

    Args:
        task: what to label with what.
        device: of torch; by default the accelerator that this process sees,
            else the CPU.

    Raises:
        CheckpointError: if the weights do not fit the model.
    """

    def __init__(self, task: LabelTask, device: str | None = None) -> None:
        _enter(task.config)
        self.dataset = task.dataset
        self.device = device or get_device()
        self._precision = task.precision(self.device)
        # One thread at a time reads images (the data set keeps the last one),
        # and one has the model: on a CPU a batch uses all the cores.
        self._reading = threading.Lock()
        self._inferring = threading.Lock()
        self._model = MODELS.build(task.config.model)
        strict = _strict_load_options(task.config)
        load_strict(self._model, task.state, task.checkpoint or 'the config',
                    **strict)
        self._model.to(self.device)
        # Not chained: the eval() of mmpretrain's ViT returns None.
        self._model.eval()

    @torch.no_grad()
    def label(self, chunk: int) -> list[dict[str, Any]]:
        """Label one chunk.

        Args:
            chunk: its index in the data set.

        Returns:
            A record a box, see :mod:`.records`: first the boxes that were
            labelled, then those whose image cannot be read.
        """
        with self._reading:
            item = self.dataset[chunk]
        samples = self._infer(item) if item['data_samples'] else []
        return ([record_of(sample) for sample in samples]
                + [make_failure(ann_id, reason)
                   for ann_id, reason in item['failed']])

    def _infer(self, item: dict[str, Any]) -> list[DetDataSample]:
        """Run the model as :class:`mmdet_mal.engine.LabelLoop` does."""
        model = self._model
        with self._inferring, self._precision.autocast(self.device):
            if not hasattr(model, 'encode_maps'):
                return model.test_step(item)
            data = model.data_preprocessor(item, False)
            maps = model.infer_maps(data['inputs'], data['data_samples'])
        return model.encode_maps(maps, data['data_samples'])


def _own_weights(config: Config) -> dict[str, Tensor]:
    """Weights that the config of an untrained labeller names."""
    model = MODELS.build(config.model)
    load_own_weights(config, model)
    return model.state_dict()


def hook_options(config: Config) -> dict[str, Any]:
    """Return how a config sets up its label hook, without the hook's type.

    Args:
        config: the whole config.

    Returns:
        Arguments of :class:`mmdet_mal.engine.hooks.PseudoLabelHook`; empty
        without that hook.
    """
    return _options_of(config, LABEL_HOOK)


def _strict_load_options(config: Config) -> dict[str, Any]:
    """Which keys a checkpoint may lack or hold beside the model's."""
    options = _options_of(config, 'mmdet_mal.StrictLoadHook')
    return {key: options[key] for key in ('allow_missing', 'allow_unexpected')
            if key in options}


def _options_of(config: Config, hook_type: str) -> dict[str, Any]:
    hook = find_hook(config, hook_type) or {}
    return {key: value for key, value in hook.items() if key != 'type'}


def _enter(config: Config) -> None:
    """Set up this process as MMEngine's runner does for the same config."""
    if config.get('custom_imports'):
        import_modules_from_strings(**config.custom_imports)
    init_default_scope(config.get('default_scope', 'mmengine'))
    environment = config.get('env_cfg') or {}
    torch.backends.cudnn.benchmark = environment.get('cudnn_benchmark', False)
    cv2.setNumThreads(environment.get('mp_cfg', {}).get('opencv_num_threads', 0))
