"""The data sets' configs: real layouts on disk, boxes in, masks back."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from pycocotools import mask as mask_utils

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.formats import WRITERS, Tally, read_boxes
from mmdet_mal.formats.coco_file import write_coco
from mmdet_mal.formats.mask_set import MaskSet
from mmdet_mal.labelling.command import LabelJob, point_config_at
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.stock_reader import read_with_stock_loader

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/mal'
HEIGHT, WIDTH = 96, 128
CITY = 'aachen_000000_000019'
# Boxes of every set: the first and the last are large enough to train on, the last
# reaches the edge of its image.
BOXES = ([10, 8, 60, 50], [70, 60, 20, 12], [66, 4, 62, 54])


def picture(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3))
    cv2.imwrite(str(path), pixels.astype(np.uint8))


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


def make_lvis(root):
    """Images by address, categories with frequencies, no iscrowd; RLE not needed."""
    picture(root / 'lvis_v1/train2017/000000391895.jpg')
    return put(root / 'lvis_v1/annotations/lvis_v1_train.json', dict(
        info=dict(version='v1'), licenses=[], images=[dict(
            id=391895, width=WIDTH, height=HEIGHT, license=3,
            coco_url='http://images.cocodataset.org/train2017/000000391895.jpg',
            flickr_url='', date_captured='2013-11-14 11:18:45',
            neg_category_ids=[800], not_exhaustive_category_ids=[3])],
        annotations=[dict(
            id=number, image_id=391895, category_id=3, bbox=list(map(float, box)),
            area=99.5, segmentation=[[10., 8., 60., 8., 60., 40.]])
            for number, box in enumerate(BOXES, 1)],
        categories=[dict(id=3, name='air_conditioner', synset='air_conditioner.n.01',
                         synonyms=['air_conditioner'], frequency='f',
                         image_count=3, instance_count=3, **{'def': 'a machine'})]))


def make_voc(root, split='train'):
    """Corners from 1, both ends included; one difficult object."""
    folder = root / 'VOCdevkit/VOC2012'
    picture(folder / 'JPEGImages/2007_000027.jpg')
    objects = ''.join(f'''<object><name>person</name><pose>Unspecified</pose>
        <truncated>0</truncated><difficult>{int(i == 1)}</difficult><bndbox>
        <xmin>{x + 1}</xmin><ymin>{y + 1}</ymin><xmax>{x + w}</xmax>
        <ymax>{y + h}</ymax></bndbox></object>''' for i, (x, y, w, h) in enumerate(
            BOXES))
    put(folder / 'Annotations/2007_000027.xml', f'''<annotation>
        <folder>VOC2012</folder><filename>2007_000027.jpg</filename>
        <source><database>The VOC2007 Database</database></source>
        <size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>3</depth></size>
        <segmented>0</segmented>{objects}</annotation>''')
    put(folder / f'ImageSets/Main/{split}.txt', '2007_000027\n')
    return folder, folder / 'JPEGImages', dict(split=split, corners='pixels')


def make_cityscapes(root):
    """Three cars that hide nothing of one another, and a crowd."""
    picture(root / f'cityscapes/leftImg8bit/train/aachen/{CITY}_leftImg8bit.png')
    objects = [dict(label='car', polygon=[
        [x, y], [x + w - 1, y], [x + w - 1, y + h - 1], [x, y + h - 1]])
        for x, y, w, h in BOXES]
    objects.append(dict(label='persongroup', polygon=[[0, 80], [20, 80], [20, 95]]))
    put(root / f'cityscapes/gtFine/train/aachen/{CITY}_gtFine_polygons.json',
        dict(imgHeight=HEIGHT, imgWidth=WIDTH, objects=objects))
    return (root / 'cityscapes/gtFine/train', root / 'cityscapes/leftImg8bit/train',
            {})


def make_objects365(root):
    """Names of images/v1, unpacked below train/; one image is in no archive."""
    folder = root / 'Objects365/Obj365_v2'
    picture(folder / 'train/patch8/objects365_v1_00420917.jpg')
    (folder / 'images').mkdir()
    for version in ('v1', 'v2'):
        (folder / 'images' / version).symlink_to('../train')
    names = ['images/v1/patch8/objects365_v1_00420917.jpg',
             'images/v2/patch16/objects365_v2_00908726.jpg']
    return put(folder / 'annotations/zhiyuan_objv2_train.json', dict(
        images=[dict(id=number, file_name=name, width=WIDTH, height=HEIGHT, license=1,
                     url='') for number, name in enumerate(names, 420917)],
        annotations=[dict(id=number, image_id=420917, category_id=94, iscrowd=0,
                          isfake=0, isreflected=0, area=1., bbox=list(box))
                     for number, box in enumerate(BOXES, 1)] + [
            dict(id=9, image_id=420918, category_id=94, iscrowd=0, isfake=0,
                 isreflected=0, area=1., bbox=[1, 1, 70, 70])],
        categories=[dict(id=94, name='Tripod')], licenses=[]))


def make_youtube_vis(root):
    """Two frames, three tracks, one of them in the first frame alone."""
    folder = root / 'youtube_vis_2019'
    names = ['003234408d/00000.jpg', '003234408d/00005.jpg']
    for seed, name in enumerate(names):
        picture(folder / 'train/JPEGImages' / name, seed)
    tracks = put(folder / 'train.json', dict(
        videos=[dict(id=1, width=WIDTH, height=HEIGHT, length=2, file_names=names)],
        annotations=[dict(
            id=number, video_id=1, category_id=25, iscrowd=0, width=WIDTH,
            height=HEIGHT, length=1, bboxes=[list(box), list(box) if number != 2 else
                                             None],
            areas=[5, None], segmentations=[None, None])
            for number, box in enumerate(BOXES, 1)],
        categories=[dict(id=25, name='parrot', supercategory='object')]))
    return tracks, folder / 'train/JPEGImages', {}


def converted(root, out, made, name):
    """What `mal convert` writes."""
    source, images, options = made
    write_coco(read_boxes(str(source), str(images), name, **options), str(root / out))
    return root / out


DATA_SETS = {
    'lvis-v1': lambda root: (make_lvis(root), root / 'lvis_v1'),
    'voc2012': lambda root: (converted(
        root, 'VOCdevkit/VOC2012/boxes_train.json', make_voc(root), 'voc'),
        root / 'VOCdevkit/VOC2012/JPEGImages'),
    'sbd': lambda root: (converted(
        root, 'VOCdevkit/VOC2012/boxes_sbd_train.json', make_voc(root, 'sbd_train'),
        'voc'), root / 'VOCdevkit/VOC2012/JPEGImages'),
    'cityscapes': lambda root: (_cityscapes(root),
                                root / 'cityscapes/leftImg8bit/train'),
    'objects365v2': lambda root: (make_objects365(root),
                                  root / 'Objects365/Obj365_v2'),
    'youtube-vis-2019': lambda root: (converted(
        root, 'youtube_vis_2019/boxes_train.json', make_youtube_vis(root),
        'youtube-vis'), root / 'youtube_vis_2019/train/JPEGImages')}


def _cityscapes(root):
    made = make_cityscapes(root)
    (root / 'cityscapes/annotations').mkdir()
    return converted(root, 'cityscapes/annotations/boxes_train.json', made,
                     'cityscapes')


def load(name, root, monkeypatch):
    """A data set's config with a tiny network on crops of 64 px."""
    monkeypatch.setenv('MAL_DATA_ROOT', str(root))
    monkeypatch.delenv('MAL_WEIGHTS', raising=False)
    cfg = Config.fromfile(CONFIGS / f'mal_vit-mae-b_{name}.py')
    cfg.model.network.update(pretrained=None)
    cfg.model.network.encoder.update(img_size=64, arch=dict(
        embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32))
    cfg.model.network.decoder.update(in_channels=[32], channels=16)
    for loader in (cfg.train_dataloader, cfg.test_dataloader):
        loader.num_workers = 0
        for step in loader.dataset.pipeline:
            if step['type'] == 'mmdet_mal.CropBox':
                step['size'] = (64, 64)
    cfg.test_dataloader.persistent_workers = False
    return cfg


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Makes each data set once; gives its root, boxes and images."""
    known = {}

    def make(name):
        if name not in known:
            root = tmp_path_factory.mktemp(name)
            known[name] = (root, *DATA_SETS[name](root))
        return known[name]

    return make


@pytest.mark.parametrize('name', DATA_SETS)
def test_training_finds_the_large_boxes(name, made, monkeypatch):
    root, _, _ = made(name)
    dataset = DATASETS.build(load(name, root, monkeypatch).train_dataloader.dataset)
    assert len(dataset) == (4 if name == 'youtube-vis-2019' else 2)
    sample = dataset[len(dataset) - 1]
    assert sample['inputs']['student'].shape == (3, 64, 64)
    x, y, w, h = BOXES[2]
    assert sample['data_samples']['teacher'].bbox.tolist() == [x, y, x + w, y + h]


@pytest.fixture(scope='module')
def label(made, tmp_path_factory):
    """Labels a data set with random weights, once; gives boxes and masks."""
    known = {}

    def run(name):
        if name in known:
            return known[name]
        root, boxes, images = made(name)
        out = tmp_path_factory.mktemp(f'labels-{name}') / 'masks.json'
        with pytest.MonkeyPatch.context() as monkeypatch:
            cfg = load(name, root, monkeypatch)
            point_config_at(cfg, LabelJob.from_options(
                str(boxes), str(images), str(out)))
            cfg.update(launcher='none', log_level='ERROR', load_from=None,
                       work_dir=str(out.parent / 'work'),
                       experiment_name=f'label-{name}', train_dataloader=None,
                       train_cfg=None, optim_wrapper=None, param_scheduler=None,
                       auto_scale_lr=None)
            Runner.from_cfg(cfg).test()
        known[name] = boxes, out, images
        return known[name]

    return run


@pytest.mark.parametrize('name', DATA_SETS)
def test_labels_are_the_file_of_boxes_with_masks(name, label):
    boxes, masks, _ = label(name)
    before, after = (json.loads(path.read_text()) for path in (boxes, masks))
    assert validate_labels(str(boxes), str(masks)) == []
    assert after['images'] == before['images']
    for old, new in zip(before['annotations'], after['annotations'], strict=True):
        assert {key: new[key] for key in old
                if key not in ('segmentation', 'area')} == {
            key: old[key] for key in old if key not in ('segmentation', 'area')}
        assert mask_utils.decode(new['segmentation']).shape == (HEIGHT, WIDTH)


def test_a_coco_labeller_labels_lvis_with_its_own_config(made, tmp_path, monkeypatch):
    """Only the options of `mal label` differ; the masks are those of above."""
    root, boxes, images = made('lvis-v1')
    cfg = load('lvis-v1', root, monkeypatch)
    coco = Config.fromfile(CONFIGS / 'mal_vit-mae-b_coco.py')
    job = LabelJob.from_options(str(boxes), str(images), str(tmp_path / 'masks.json'))
    for config in (cfg, coco):
        point_config_at(config, job)
    for key in ('data_root', 'ann_file', 'data_prefix', 'chunk_boxes'):
        assert cfg.test_dataloader.dataset[key] == coco.test_dataloader.dataset[key]


def test_a_stock_lvis_loader_reads_every_mask(label):
    _, masks, images = label('lvis-v1')
    assert_reads_all('LVISV1Dataset', masks, images, annotations=3, metainfo=dict(
        classes=('air_conditioner', )))


def test_a_stock_objects365_loader_reads_every_mask_that_has_an_image(label):
    """The box in the absent image is left out by the loader itself."""
    _, masks, images = label('objects365v2')
    init_default_scope('mmdet')
    dataset = DATASETS.build(stock_set('Objects365V2Dataset', masks, images / 'train',
                                       metainfo=dict(classes=('Tripod', ))))
    sample, = list(dataset)
    assert [mask.sum() > 0 for mask in sample['gt_masks'].masks] == [True] * 3


def stock_set(type, masks, images, **kwargs):
    return dict(
        type=f'mmdet.{type}', ann_file=str(masks), data_prefix=dict(img=f'{images}/'),
        filter_cfg=dict(filter_empty_gt=True, min_size=32), pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True, with_mask=True)],
        **kwargs)


def assert_reads_all(type, masks, images, annotations, **kwargs):
    init_default_scope('mmdet')
    reading = read_with_stock_loader(stock_set(type, masks, images, **kwargs))
    assert (reading.annotations, reading.read) == (annotations, annotations)
    assert not reading.dropped and not reading.faults


@pytest.mark.parametrize('name', ['voc2012', 'cityscapes'])
def test_a_stock_coco_loader_reads_every_mask(name, label):
    boxes, masks, images = label(name)
    classes = [c['name'] for c in json.loads(boxes.read_text())['categories']]
    assert_reads_all('CocoDataset', masks, images, annotations=3,
                     metainfo=dict(classes=tuple(classes)))


def test_the_crowd_of_cityscapes_stays_a_crowd(label):
    _, masks, _ = label('cityscapes')
    crowd, = (a for a in json.loads(masks.read_text())['annotations'] if a['iscrowd'])
    assert crowd['bbox'] == [0, 80, 21, 16]


def test_masks_go_back_into_the_tracks_of_youtube_vis(label, made, tmp_path):
    root, *_ = made('youtube-vis-2019')
    _, masks, _ = label('youtube-vis-2019')
    out = tmp_path / 'train_masks.json'
    mask_set = MaskSet(AnnotationFile(str(masks)), lambda entries: entries, print)
    WRITERS['youtube-vis'].write(mask_set, str(out), Tally(), tracks=str(
        root / 'youtube_vis_2019/train.json'))
    tracks = json.loads(out.read_text())['annotations']
    areas = {(a['track_id'], a['image_id']): a['area']
             for a in json.loads(masks.read_text())['annotations']}
    assert [track['areas'] for track in tracks] == [
        [areas[1, 1], areas[1, 2]], [areas[2, 1], None], [areas[3, 1], areas[3, 2]]]
    for track in tracks:
        for rle, area in zip(track['segmentations'], track['areas'], strict=True):
            if area is not None:
                assert rle['size'] == [HEIGHT, WIDTH]
                assert sum(rle['counts'][1::2]) == area


def test_masks_of_voc_are_written_as_vocs_pictures(label, tmp_path):
    _, masks, _ = label('voc2012')
    mask_set = MaskSet(AnnotationFile(str(masks)), lambda entries: entries, print)
    WRITERS['voc-png'].write(mask_set, str(tmp_path), Tally())
    classes = cv2.imread(str(tmp_path / 'SegmentationClass/2007_000027.png'))
    assert classes.shape == (HEIGHT, WIDTH, 3) and classes.any()
