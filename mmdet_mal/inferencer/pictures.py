"""Pictures of labelled images, and the files of ``out_dir``."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmdet.structures import DetDataSample

from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.structures.rle import rle_to_mask
from mmdet_mal.visualization.overlay import draw_boxes, overlay_masks

from .results import to_prediction


def draw(pixels: np.ndarray, sample: DetDataSample) -> np.ndarray:
    """Paint masks and boxes over an image.

    Args:
        pixels: BGR, uint8 (H, W, 3).
        sample: from :func:`.results.gather_image`.

    Returns:
        RGB, uint8 (H, W, 3).
    """
    instances = sample.pred_instances
    painted = overlay_masks(np.asarray(pixels),
                            [rle_to_mask(rle) for rle in instances.masks])
    painted = draw_boxes(painted, instances.bboxes.tolist())
    return np.ascontiguousarray(painted[:, :, ::-1])


def output_names(inputs: Sequence[Any]) -> list[str]:
    """A file name, without ending, for each image: its own, or its number.

    Args:
        inputs: the images of a call.

    Returns:
        Names, each once.
    """
    names: list[str] = []
    taken: set[str] = set()
    for index, image in enumerate(inputs):
        is_path = isinstance(image, (str, os.PathLike))
        name = Path(os.fspath(image)).stem if is_path else f'{index:05d}'
        while name in taken:
            name = f'{name}_{index}'
        taken.add(name)
        names.append(name)
    return names


def save_pictures(out_dir: str | os.PathLike, names: Sequence[str],
                  pictures: Sequence[np.ndarray],
                  samples: Sequence[DetDataSample]) -> None:
    """Write ``vis/NAME.jpg`` and ``preds/NAME.json``.

    Args:
        out_dir: folder, made if it is not there.
        names: from :func:`output_names`.
        pictures: RGB arrays.
        samples: of the same images.

    Raises:
        UserError: if the folder cannot be written.
    """
    for name, picture, sample in zip(names, pictures, samples, strict=True):
        vis = Path(out_dir, 'vis', f'{name}.jpg')
        preds = Path(out_dir, 'preds', f'{name}.json')
        check_writable(str(vis), 'pictures')
        check_writable(str(preds), 'predictions')
        encoded = cv2.imencode('.jpg', np.ascontiguousarray(picture[:, :, ::-1]))[1]
        temporary = vis.with_suffix('.jpg.tmp')
        temporary.write_bytes(encoded.tobytes())
        os.replace(temporary, vis)
        with write_then_rename(str(preds)) as file:
            json.dump(to_prediction(sample, 'rle'), file)


def show_pictures(names: Sequence[str], pictures: Sequence[np.ndarray],
                  wait_time: float) -> None:
    """Show pictures in a window of matplotlib, one after the other.

    Args:
        names: titles.
        pictures: RGB arrays.
        wait_time: seconds that each is shown; 0 until a key.
    """
    from mmengine.visualization import Visualizer
    for name, picture in zip(names, pictures, strict=True):
        Visualizer().show(picture, win_name=name, wait_time=wait_time)
