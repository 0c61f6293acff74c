"""MaskAutoLabelerInferencer: conventions, no global state, label run's masks."""

import copy
import json
import logging
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from label_data import CONFIG, TOOLS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import INFERENCERS, DefaultScope
from mmengine.visualization import Visualizer
from PIL import Image

import mmdet_mal
from mmdet_mal import MaskAutoLabelerInferencer
from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.structures.rle import rle_to_mask
from mmdet_mal.utils.errors import UserError

BOXES = [[10, 12, 40, 37], [70, 40, 110, 76]]
BOXES_XYWH = [[10, 12, 30, 25], [70, 40, 40, 36]]


def _same(one, other):
    assert len(one['predictions']) == len(other['predictions'])
    for a, b in zip(one['predictions'], other['predictions'], strict=True):
        assert np.array_equal(a['masks'], b['masks'])
        assert {k: v for k, v in a.items() if k != 'masks'} == {
            k: v for k, v in b.items() if k != 'masks'}


def test_three_lines_give_masks_scores_and_components(tiny, photo_path):
    result = tiny(photo_path, BOXES, bbox_format='xyxy')
    assert set(result) == {'predictions', 'visualization'}
    assert result['visualization'] == []
    (prediction, ) = result['predictions']
    masks = prediction['masks']
    assert masks.shape == (2, 96, 128) and masks.dtype == bool
    assert masks.sum(axis=(1, 2)).tolist() == prediction['areas']
    for mask, (x0, y0, x1, y1) in zip(masks, BOXES, strict=True):
        assert mask.any() and not mask[:y0].any() and not mask[:, :x0].any()
        assert not mask[y1:].any() and not mask[:, x1:].any()
    assert prediction['bboxes'] == BOXES
    assert all(0 <= score <= 1 for score in prediction['scores'])
    assert all('mask_score' in c for c in prediction['components'])


def test_run_lengths_are_the_same_masks_and_fit_for_json(tiny, photo_path):
    as_bool = tiny(photo_path, BOXES, bbox_format='xyxy')['predictions'][0]
    as_rle = tiny(photo_path, BOXES, bbox_format='xyxy',
                  mask_format='rle')['predictions'][0]
    decoded = [rle_to_mask(rle)
               for rle in json.loads(json.dumps(as_rle))['masks']]
    assert np.array_equal(decoded, as_bool['masks'])


def test_every_kind_of_input_is_the_same_photograph(tiny, photo, photo_path):
    wanted = tiny(photo_path, BOXES, bbox_format='xyxy')
    with Image.open(photo_path) as pil:
        _same(wanted, tiny(pil, BOXES, bbox_format='xyxy'))
    _same(wanted, tiny(Path(photo_path), np.array(BOXES), bbox_format='xyxy'))
    _same(wanted, tiny(photo, torch.tensor(BOXES_XYWH), bbox_format='xywh',
                       channel_order='bgr'))
    _same(wanted, tiny(photo[:, :, ::-1], BOXES, bbox_format='xyxy',
                       channel_order='rgb'))
    grey = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    _same(tiny(grey, BOXES, bbox_format='xyxy'),
          tiny(np.dstack([grey] * 3), BOXES, bbox_format='xyxy',
               channel_order='bgr'))


def test_the_order_of_channels_matters(tiny, photo):
    photo = np.random.default_rng(1).integers(0, 255, photo.shape, np.uint8)
    one, other = (
        tiny(photo, BOXES, bbox_format='xyxy', channel_order=order)
        for order in ('rgb', 'bgr'))
    assert (one['predictions'][0]['components']
            != other['predictions'][0]['components'])


def test_a_batch_keeps_images_and_boxes_in_order(tiny, tiny_root):
    paths = [str(tiny_root / 'images' / f'{i}.png') for i in range(3)]
    boxes = [BOXES, [], BOXES[::-1]]
    batch = tiny(paths, boxes, bbox_format='xyxy')['predictions']
    assert [len(p['scores']) for p in batch] == [2, 0, 2]
    assert [p['bboxes'] for p in batch] == boxes
    # Batches do not mix images' results: one box at a time says the same, but
    # for the stopping of the mean field, which this network has not.
    single = tiny(paths, boxes, bbox_format='xyxy', batch_size=1)['predictions']
    for one, other in zip(batch, single, strict=True):
        assert (one['masks'] != other['masks']).sum() <= 2  # last bits


def test_no_boxes_give_no_masks_of_the_images_size(tiny, photo_path):
    for none in ([], np.zeros((0, 4)), torch.zeros(0, 4)):
        (prediction, ) = tiny(photo_path, none, bbox_format='xyxy')['predictions']
        assert prediction['masks'].shape == (0, 96, 128)
        assert prediction['scores'] == prediction['bboxes'] == []
    assert tiny([], [], bbox_format='xyxy') == dict(predictions=[],
                                                    visualization=[])


def test_a_box_that_sticks_out_is_cut_off(tiny, photo_path):
    (prediction, ) = tiny(photo_path, [[-20, -5, 40, 37]],
                          bbox_format='xyxy')['predictions']
    assert prediction['bboxes'] == [[0, 0, 40, 37]]


def test_data_samples_on_request(tiny, photo_path):
    (sample, ) = tiny(photo_path, BOXES, True, bbox_format='xyxy')['predictions']
    assert isinstance(sample, DetDataSample)
    instances = sample.pred_instances
    assert instances.masks.dtype == torch.bool
    assert instances.masks.shape == (2, 96, 128) and len(instances.scores) == 2
    (sample, ) = tiny(photo_path, BOXES, return_datasamples=True,
                      bbox_format='xyxy', mask_format='rle')['predictions']
    assert set(sample.pred_instances.masks[0]) == {'size', 'counts'}


def test_pictures_and_files_on_request(tiny, photo_path, photo, tmp_path):
    result = tiny([photo_path, photo, photo_path], [BOXES] * 3, bbox_format='xyxy',
                  channel_order='bgr', return_vis=True, out_dir=tmp_path)
    assert len(result['visualization']) == 3
    for picture in result['visualization']:
        assert picture.shape == photo.shape and picture.dtype == np.uint8
        assert (picture != photo[:, :, ::-1]).any()
    names = ['0', '00001', '0_2']
    assert sorted(p.stem for p in (tmp_path / 'vis').iterdir()) == sorted(names)
    for index, name in enumerate(names):
        saved = json.loads((tmp_path / 'preds' / f'{name}.json').read_text())
        assert saved['scores'] == result['predictions'][index]['scores']


def test_it_is_built_through_the_root_registry_by_its_scope(tiny_root):
    built = INFERENCERS.build(dict(
        type='mmdet_mal.MaskAutoLabelerInferencer', model=Config.fromfile(CONFIG),
        weights=str(tiny_root / 'tiny.pth'), device='cpu'))
    assert isinstance(built, MaskAutoLabelerInferencer)
    assert isinstance(built, BaseInferencer)


def _global_state():
    return copy.deepcopy(dict(
        python=random.getstate(), numpy=str(np.random.get_state()),
        torch=torch.get_rng_state().tolist(),
        scopes=sorted(DefaultScope._instance_dict),
        hubs=sorted(MessageHub._instance_dict),
        visualizers=sorted(Visualizer._instance_dict),
        loggers={name: (log.level, len(log.handlers))
                 for name, log in MMLogger._instance_dict.items()},
        root=(logging.root.level, list(map(str, logging.root.handlers)),
              logging.root.manager.disable),
        threads=(torch.get_num_threads(), cv2.getNumThreads()),
        torch_modes=(torch.is_grad_enabled(), torch.get_default_dtype(),
                     torch.are_deterministic_algorithms_enabled(),
                     torch.backends.cudnn.benchmark),
        folder=os.getcwd(), environment=dict(os.environ)))


def test_nothing_global_changes(tiny_root, photo_path):
    before = _global_state()
    labeler = MaskAutoLabelerInferencer(CONFIG, tiny_root / 'tiny.pth', 'cpu')
    assert _global_state() == before
    labeler(photo_path, BOXES, bbox_format='xyxy', return_vis=True)
    assert _global_state() == before


def test_the_callers_scope_and_folder_do_not_matter(
        tiny, tiny_root, photo_path, tmp_path, monkeypatch):
    wanted = tiny(photo_path, BOXES, bbox_format='xyxy')
    monkeypatch.chdir(tmp_path)
    with DefaultScope.overwrite_default_scope('mmengine'):
        other = MaskAutoLabelerInferencer(CONFIG, tiny_root / 'tiny.pth', 'cpu')
        _same(wanted, other(photo_path, BOXES, bbox_format='xyxy'))
        assert DefaultScope.get_current_instance().scope_name == 'mmengine'


def test_two_inferencers_and_threads_do_not_disturb_each_other(
        tiny, tiny_root, photo_path):
    state = torch.load(tiny_root / 'tiny.pth')['state_dict']
    state = {k: -v if 'decoder.key' in k else v for k, v in state.items()}
    torch.save(dict(state_dict=state), tiny_root / 'other.pth')
    other = MaskAutoLabelerInferencer(CONFIG, tiny_root / 'other.pth', 'cpu',
                                      show_progress=False)

    def label(labeler):
        return labeler(photo_path, BOXES, bbox_format='xyxy')

    wanted = label(tiny), label(other)
    assert (wanted[0]['predictions'][0]['components']
            != wanted[1]['predictions'][0]['components'])
    with ThreadPoolExecutor(4) as pool:
        for found, labeler in zip(pool.map(label, [tiny, other] * 4),
                                  [0, 1] * 4, strict=True):
            _same(found, wanted[labeler])


def test_masks_are_those_of_the_label_tool_to_the_bit_on_photographs(
        coco_mini_root, deit_weights, tmp_path):
    data = json.loads(
        (coco_mini_root / 'annotations' / 'instances_dev.json').read_text())
    images = data['images'][:4]
    boxes = [[a for a in data['annotations']
              if a['image_id'] == image['id'] and not a['iscrowd']][:9]
             for image in images]
    kept = [{k: v for k, v in a.items() if k not in ('segmentation', 'area')}
            for group in boxes for a in group]
    assert len(kept) > 16  # more than one chunk
    (tmp_path / 'boxes.json').write_text(json.dumps(dict(
        images=images, annotations=kept, categories=data['categories'])))
    folder = coco_mini_root / 'images'
    subprocess.run(
        [sys.executable, str(TOOLS / 'label.py'), 'instant_deit-ti',
         '--ann', 'boxes.json', '--images', str(folder), '--out', 'masks.json'],
        cwd=tmp_path, check=True, capture_output=True, timeout=500,
        env={**os.environ, 'MAL_WEIGHTS': str(deit_weights),
             'CUDA_VISIBLE_DEVICES': ''})
    written = {a['id']: a for a in json.loads(
        (tmp_path / 'masks.json').read_text())['annotations']}

    labeler = MaskAutoLabelerInferencer(
        'instant_deit-ti', deit_weights, device='cpu', show_progress=False)
    result = labeler([folder / image['file_name'] for image in images],
                     [[a['bbox'] for a in group] for group in boxes],
                     bbox_format='xywh', mask_format='rle')
    for group, prediction in zip(boxes, result['predictions'], strict=True):
        for row, annotation in enumerate(group):
            wanted = written[annotation['id']]
            assert prediction['masks'][row] == wanted['segmentation']
            assert prediction['areas'][row] == wanted['area']
            assert prediction['scores'][row] == wanted['score']
            assert prediction['components'][row] == wanted['mal']


@pytest.mark.parametrize(('arguments', 'message'), [
    pytest.param(dict(model='no_such_model'), 'no such config file',
                 id='unknown name'),
    pytest.param(dict(model=CONFIG), 'must have been trained', id='no weights'),
    pytest.param(dict(model=CONFIG, weights='gone.pth'),
                 'no such checkpoint', id='weights missing'),
    pytest.param(dict(model={}), 'has no model', id='empty config'),
    pytest.param(dict(model=None, weights='x.pth'), 'name a config',
                 id='config from checkpoint'),
])
def test_a_model_that_cannot_be_made(arguments, message):
    with pytest.raises(UserError, match=message):
        MaskAutoLabelerInferencer(device='cpu', **arguments)


def test_weights_of_another_network_are_refused(tiny_root):
    config = Config.fromfile(CONFIG)
    config.model.network.decoder.channels = 8
    with pytest.raises(CheckpointError, match='of another shape'):
        MaskAutoLabelerInferencer(config, tiny_root / 'tiny.pth', 'cpu')


@pytest.mark.parametrize('device', ['cuda:99', 'gpu'])
def test_a_device_that_is_not_there_is_named(tiny_root, device):
    with pytest.raises(UserError, match=f"device '{device}': cannot be used"):
        MaskAutoLabelerInferencer(CONFIG, tiny_root / 'tiny.pth', device)


def test_pictures_are_shown_one_after_the_other(tiny, photo_path, monkeypatch):
    shown = []
    monkeypatch.setattr(
        Visualizer, 'show',
        lambda self, picture, win_name, wait_time: shown.append(
            (picture.shape, win_name, wait_time)))
    tiny([photo_path] * 2, [BOXES, []], bbox_format='xyxy', show=True, wait_time=2)
    assert shown == [((96, 128, 3), '0', 2), ((96, 128, 3), '0_1', 2)]


def test_the_package_itself_imports_no_models():
    code = ("import mmdet_mal, sys; assert 'mmdet.models' not in sys.modules and "
            "'mmdet_mal.inferencer' not in sys.modules")
    subprocess.run([sys.executable, '-c', code], check=True, timeout=120)
    with pytest.raises(AttributeError, match='no attribute'):
        mmdet_mal.nothing  # noqa: B018
