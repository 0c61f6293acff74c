"""The instant labeller: colours it tells apart, edges, padding, real images."""
import copy
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.models import InstantLabeler
from mmdet_mal.models.instant_labeler import concatenate_maps
from mmdet_mal.registry import DATASETS, MODELS
from mmdet_mal.structures.crop import bbox_to_crop
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle
from mmdet_mal.utils.errors import UserError

CONFIG = Path(__file__).resolve().parents[2] / 'configs/mal/instant_deit-ti.py'
SIZE = 256
MEAN_FIELD = dict(zeta=.3, omega=2., clamp=.1, max_iters=50, tolerance=1e-2)


@MODELS.register_module(force=True)
class PatchColour(torch.nn.Module):
    """An encoder that knows what a test knows: the mean colour of a patch."""

    def __init__(self, patches=(16, )):
        super().__init__()
        self.patches = patches

    def forward(self, crops):
        return tuple(F.avg_pool2d(crops, side) for side in self.patches)


def build(**options):
    options.setdefault('mean_field', MEAN_FIELD)
    options.setdefault('encoder', dict(type='mmdet_mal.PatchColour'))
    return InstantLabeler(**options).eval()


def sample(bbox, window=(0, 0, SIZE, SIZE), valid=None, shape=(SIZE, SIZE)):
    bbox, window = np.array(bbox, np.float32), np.array(window)
    data = DetDataSample(metainfo=dict(
        img_id=1, ann_id=7, ori_shape=shape, img_shape=(SIZE, SIZE),
        crop_window=window, bbox=bbox,
        valid_bbox=np.array(valid or (0, 0, SIZE, SIZE), np.float32),
        box_area=float((bbox[2] - bbox[0]) * (bbox[3] - bbox[1]))))
    data.gt_instances = InstanceData(bboxes=torch.from_numpy(
        bbox_to_crop(bbox[None], window, (SIZE, SIZE))))
    return data


def disc(centre=(128, 128), radius=76):
    """A disc of one colour on a ground of another, with noise; its truth."""
    generator = torch.Generator().manual_seed(0)
    ys, xs = torch.meshgrid(*2 * [torch.arange(SIZE) + .5], indexing='ij')
    truth = (xs - centre[0])**2 + (ys - centre[1])**2 < radius**2
    colours = torch.tensor([[1., -.5, .3], [-.6, .8, -.2]])
    crop = colours[truth.long()].permute(2, 0, 1)
    crop = crop + .05 * torch.randn(crop.shape, generator=generator)
    return crop[None], truth.numpy()


def iou(mask, truth):
    return (mask & truth).sum() / (mask | truth).sum()


def box_of(truth, margin=0):
    ys, xs = truth.nonzero()
    return (xs.min() - margin, ys.min() - margin, xs.max() + 1 + margin,
            ys.max() + 1 + margin)


def label(model, crop, data):
    output, = model.predict(crop, [data])
    return rle_to_mask(output.pred_instances.masks[0]).astype(bool)


def test_an_object_of_its_own_colour_is_cut_out_of_its_box():
    crop, truth = disc()
    box = box_of(truth)
    # The filled box scores pi / 4 and tokens of 16 px less than .9.
    assert iou(label(build(), crop, sample(box)), truth) > .97


def test_the_mean_field_fits_the_tokens_to_the_edges():
    crop, truth = disc()
    data = sample(box_of(truth))
    with_it = iou(label(build(), crop, data), truth)
    without = iou(label(build(mean_field=None), crop, data), truth)
    assert without > .9 and 1 - with_it < .7 * (1 - without)


def test_nothing_beyond_the_box_is_object():
    crop, truth = disc()
    data = sample((60, 60, 128, 200))
    maps = build(mean_field=None).infer_maps(crop, [data])
    # In cells of 4 px; the disc itself goes on to the right.
    assert maps.prob[0, 15:50, 32:].max() == 0
    assert maps.prob[0, 15:50, 15:32].max() > .5


def test_the_two_halves_make_what_predict_makes_and_again_the_same():
    crop, truth = disc()
    crops = torch.cat([crop, crop.flip(-1), -crop])
    samples = [sample(box_of(truth, margin)) for margin in (0, 4, 9)]
    model = build()
    before = copy.deepcopy(samples)
    maps = model.infer_maps(crops, samples)
    assert maps.prob.shape == (3, SIZE // 4, SIZE // 4)
    assert maps.prob.dtype == torch.float32 and not maps.prob.requires_grad
    whole = model.predict(crops, samples)
    halves = model.encode_maps(maps, before)
    for one, other in zip(whole, halves, strict=True):
        assert one.pred_instances.masks == other.pred_instances.masks
        assert one.pred_instances.mal == other.pred_instances.mal
    assert {'raw_mask_score', 'refine_iou'} <= set(
        whole[0].pred_instances.mal[0])


def test_no_box_no_output():
    assert build().predict(torch.zeros(0, 3, SIZE, SIZE), []) == []


def test_what_the_padding_shows_does_not_matter():
    crop, truth = disc(centre=(128, 128))
    # The image ends at column 192, within the object.
    data = [sample((52, 52, 192, 204), valid=(0, 0, 192, SIZE),
                   shape=(SIZE, 192)) for _ in range(2)]
    other = crop.clone()
    other[..., 192:] = torch.randn(3, SIZE, SIZE - 192) * 3
    model = build()
    one, two = (model.infer_maps(c, [d]).prob[..., :48]
                for c, d in zip((crop, other), data, strict=True))
    torch.testing.assert_close(one, two, atol=1e-6, rtol=0)
    assert iou(label(model, other, data[0]), truth[:, :192]) > .95


def test_autocast_changes_nothing():
    crop, truth = disc()
    samples = [sample(box_of(truth))]
    model = build()
    expected = model.infer_maps(crop, samples).prob
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(model.infer_maps(crop, samples).prob, expected)


@pytest.mark.parametrize('bbox, window', [
    pytest.param((30, 40, 31, 41), (29, 39, 32, 42), id='one pixel'),
    pytest.param((30.2, 40.2, 30.7, 40.7), (30, 40, 31, 41),
                 id='less than a pixel'),
    pytest.param((30.5, 0, 30.501, 250), (30, 0, 31, SIZE), id='a hair'),
    pytest.param((10, 127.9, 200, 128.1), (0, 0, SIZE, SIZE),
                 id='between two rows of tokens'),
    pytest.param((0, 0, SIZE, SIZE), (0, 0, SIZE, SIZE), id='whole image'),
    pytest.param((-20, -30, 4, 5), (-24, -36, 8, 11), id='corner of the image'),
])
def test_every_box_gets_pixels_of_its_own(bbox, window):
    crop, _ = disc()
    valid = bbox_to_crop(np.array([0, 0, SIZE, SIZE]), np.array(window),
                         (SIZE, SIZE)).clip(0, SIZE)
    data = sample(bbox, window, valid=tuple(valid))
    model = build()
    maps = model.infer_maps(crop, [data]).prob
    assert maps.isfinite().all() and maps.min() >= 0 and maps.max() <= 1
    ys, xs = label(model, crop, data).nonzero()
    assert len(ys) > 0
    assert xs.min() >= np.floor(bbox[0]) and xs.max() < np.ceil(bbox[2])
    assert ys.min() >= np.floor(bbox[1]) and ys.max() < np.ceil(bbox[3])


def test_maps_of_several_sizes_are_joined_at_the_largest_with_equal_say():
    feats = (torch.randn(2, 3, 4, 4), 100 * torch.randn(2, 5, 8, 8))
    joined = concatenate_maps(feats)
    assert joined.shape == (2, 8, 8, 8)
    for part in (joined[:, :3], joined[:, 3:]):
        torch.testing.assert_close(part.norm(dim=1), torch.ones(2, 8, 8))
    crop, truth = disc()
    model = build(encoder=dict(type='mmdet_mal.PatchColour', patches=(32, 16)))
    assert iou(label(model, crop, sample(box_of(truth))), truth) > .9


def test_there_is_nothing_to_train():
    with pytest.raises(UserError, match='nothing to train'):
        build()(torch.zeros(1, 3, SIZE, SIZE), mode='loss')
    with pytest.raises(ValueError, match='mode'):
        build()(torch.zeros(1, 3, SIZE, SIZE), mode='train')


def test_sharpness_must_be_positive():
    with pytest.raises(ValueError, match='sharpness'):
        build(sharpness=0.)


TINY = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64),
    img_size=64, patch_size=16, out_type='featmap', final_norm=False)


def test_weights_come_from_pretrained(tmp_path):
    torch.manual_seed(0)
    source = MODELS.build(TINY)
    state = {f'backbone.{k}': v + .5 for k, v in source.state_dict().items()}
    torch.save(dict(state_dict=state), tmp_path / 'tiny.pth')
    model = build(encoder=TINY, pretrained=str(tmp_path / 'tiny.pth'))
    model.init_weights()
    for key, tensor in model.encoder.state_dict().items():
        assert torch.equal(tensor, state[f'backbone.{key}']), key
    # DDP wraps it for label runs of several processes.
    assert any(p.requires_grad for p in model.parameters())


def test_random_tokens_are_refused():
    with pytest.raises(CheckpointError, match='pretrained: names no file'):
        build(encoder=TINY).init_weights()


def test_photographs_are_labelled_far_better_than_by_their_boxes(
        coco_mini_root, deit_weights, monkeypatch):
    """The shipped config on training photographs; human masks only score."""
    monkeypatch.setenv('MAL_WEIGHTS', str(deit_weights))
    init_default_scope('mmdet')
    cfg = Config.fromfile(CONFIG)
    human_file = coco_mini_root / 'annotations/instances_train.json'
    dataset = dict(cfg.test_dataloader.dataset, data_root='',
                   ann_file=str(human_file), indices=range(0, 1474, 90),
                   data_prefix=dict(img=str(coco_mini_root / 'images')))
    model = MODELS.build(cfg.model)
    model.init_weights()
    model.eval()
    dataset = DATASETS.build(dataset)
    human = {a['id']: a for a in json.loads(human_file.read_text())['annotations']}
    own, box = [], []
    for chunk in range(len(dataset)):
        batch = dataset[chunk]
        for output in model.test_step(dict(inputs=batch['inputs'],
                                           data_samples=batch['data_samples'])):
            x0, y0, x1, y1 = output.bbox
            truth = segmentation_to_rle(
                human[output.ann_id]['segmentation'], *output.ori_shape)
            filled = coco_mask.frPyObjects(
                [[x0, y0, x1, y0, x1, y1, x0, y1]], *output.ori_shape)[0]
            own.append(coco_mask.iou(
                [output.pred_instances.masks[0]], [truth], [0])[0, 0])
            box.append(coco_mask.iou([filled], [truth], [0])[0, 0])
    assert len(own) == 17
    assert np.mean(own) > np.mean(box) + .08
