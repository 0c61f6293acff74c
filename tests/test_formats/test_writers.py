"""Masks in the formats of other tools: what is in the files, what is lost."""

import base64
import csv
import io
import json
import os
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools import mask as coco_mask

from mmdet_mal.formats import WRITERS, read_boxes
from mmdet_mal.formats.brush_rle import decode_brush
from mmdet_mal.formats.output_folder import check_folder
from mmdet_mal.formats.voc_writer import voc_palette
from mmdet_mal.labelling.export import export_labels
from mmdet_mal.utils.errors import UserError

WIDTH, HEIGHT = 12, 9
# A square with a hole, two parts, and one that lies over the first.
HOLE = np.zeros((HEIGHT, WIDTH), bool)
HOLE[1:6, 1:6] = True
HOLE[3, 3] = False
PARTS = np.zeros((HEIGHT, WIDTH), bool)
PARTS[7:9, 0:3] = PARTS[1:3, 8:12] = True
OVER = np.zeros((HEIGHT, WIDTH), bool)
OVER[5:7, 4:6] = True
CROWD = np.zeros((HEIGHT, WIDTH), bool)
CROWD[8, 8:12] = True
HOSTILE = 'a "b" <c> & \u00e9,d'


def rle(mask):
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=[HEIGHT, WIDTH], counts=encoded['counts'].decode())


def annotation(number, mask, category=3, image=1, **extra):
    return dict(id=number, image_id=image, category_id=category, iscrowd=0,
                bbox=[0., 0., 12., 9.], segmentation=rle(mask),
                area=int(mask.sum()), score=.5, **extra)


def masks():
    return dict(
        info=dict(mal=dict(version='x')),
        images=[dict(id=1, file_name='p/a.jpg', width=WIDTH, height=HEIGHT),
                dict(id=2, file_name='q/a.jpg', width=WIDTH, height=HEIGHT)],
        # Not in the order of the images, as COCO's are not.
        annotations=[annotation(10, HOLE), annotation(20, OVER, image=2),
                     annotation(11, PARTS, category=1), annotation(12, OVER),
                     dict(annotation(13, CROWD), iscrowd=1, score=None),
                     dict(id=14, image_id=2, category_id=3, bbox=[0, 0, 1, 1],
                          iscrowd=1, area=1)],
        categories=[dict(id=1, name=HOSTILE), dict(id=3, name='cat')])


@pytest.fixture
def export(write, tmp_path):
    """Exports the masks; the path of the output and what was said."""

    def run(to, data=None, **options):
        path = write('masks.json', json.dumps(masks() if data is None else data))
        out = tmp_path / f'out-{to}'
        return out, str(export_labels(str(path), str(out), to=to, **options))

    return run


def fill(polygons):
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(
        [list(map(float, np.ravel(points))) for points in polygons], HEIGHT,
        WIDTH))).astype(bool)


def test_coco_polygons_draw_the_same_masks(export):
    out, text = export('coco', shapes='polygons')
    data = json.loads(out.read_text())
    drawn = {entry['id']: fill(entry['segmentation'])
             for entry in data['annotations'] if entry['id'] < 13}
    assert (drawn[10] == HOLE).all() and (drawn[11] == PARTS).all()
    original = masks()
    assert data['annotations'][4:] == original['annotations'][4:]
    for key in ('images', 'categories'):
        assert data[key] == original[key]
    assert data['info']['mal']['export'] == dict(min_score=None, below='drop')
    assert 'mean 1.0000, lowest 1.0000' in text


def test_boxes_are_tightened(export):
    out, text = export('coco', boxes='tighten')
    boxes = {entry['id']: entry['bbox']
             for entry in json.loads(out.read_text())['annotations']}
    assert boxes == {10: [1, 1, 5, 5], 11: [0, 1, 12, 8], 12: [4, 5, 2, 2],
                     20: [4, 5, 2, 2], 13: [0, 0, 12, 9], 14: [0, 0, 1, 1]}
    assert '4 boxes are moved' in text
    data = json.loads(export('coco', shapes='polygons')[0].read_text())
    again = export('coco', data, boxes='tighten')[0]
    assert boxes == {entry['id']: entry['bbox']
                     for entry in json.loads(again.read_text())['annotations']}


def test_lvis_has_the_members_that_its_loader_asks_for(export, boxes):
    out, text = export('lvis')
    data = json.loads(out.read_text())
    assert [entry['id'] for entry in data['annotations']] == [10, 20, 11, 12]
    assert all('iscrowd' not in entry for entry in data['annotations'])
    assert data['images'][0] == dict(
        id=1, file_name='p/a.jpg', width=WIDTH, height=HEIGHT, neg_category_ids=[],
        coco_url='http://images.cocodataset.org/p/a.jpg',
        not_exhaustive_category_ids=[])
    cat = data['categories'][1]
    assert (cat['image_count'], cat['instance_count'], cat['frequency']) == (2, 3, 'r')
    assert '2 crowd and ignored regions are left out' in text
    assert '2 classes get a frequency' in text
    assert len(boxes(read_boxes(str(out), format='lvis'))) == 4


def test_lvis_keeps_what_an_lvis_file_says(export):
    data = masks()
    data['images'][0].update(neg_category_ids=[1], not_exhaustive_category_ids=[3],
                             coco_url='http://images.cocodataset.org/train2017/a.jpg')
    data['categories'][0].update(frequency='f', synset='x.n.01', synonyms=['x'])
    made = json.loads(export('lvis', data)[0].read_text())
    assert {**data['images'][0]} == made['images'][0]
    assert made['categories'][0]['frequency'] == 'f'
    assert made['categories'][0]['synset'] == 'x.n.01'


def draw_as_ultralytics(line):
    """Its polygon2mask at the image's own size."""
    points = np.reshape(line.split()[1:], (-1, 2)).astype(np.float32)
    canvas = np.zeros((HEIGHT, WIDTH), np.uint8)
    points = np.asarray([points * (WIDTH, HEIGHT)], dtype=np.int32)
    cv2.fillPoly(canvas, points.reshape(1, -1, 2), 1)
    return canvas > 0


@pytest.mark.parametrize('holes, expected, words', [
    ('bridge', HOLE, '1 masks have holes, cut out by bridges'),
    ('fill', HOLE | (np.indices((HEIGHT, WIDTH)) == 3).all(0),
     '1 masks have holes, which are filled')])
def test_yolo_outlines(export, holes, expected, words):
    out, text = export('yolo-seg', simplify=0., holes=holes)
    data = yaml.safe_load((out / 'data.yaml').read_text())
    assert data['names'] == {0: HOSTILE, 1: 'cat'}
    lines = (out / 'labels/p/a.txt').read_text().splitlines()
    assert [line.split()[0] for line in lines] == ['1', '0', '1']
    drawn = [draw_as_ultralytics(line) for line in lines]
    assert (drawn[0] == expected).all() and (drawn[2] == OVER).all()
    # The bridge between the parts is a line of single pixels.
    assert (drawn[1] & PARTS == PARTS).all() and (drawn[1] & ~PARTS).sum() <= 8
    assert len((out / 'labels/q/a.txt').read_text().splitlines()) == 1
    assert words in text and '1 masks have several parts' in text
    assert '4 scores are left out' in text


def test_yolo_links_the_images_and_reads_back(export, tmp_path, photo, boxes):
    for part in 'pq':
        photo(tmp_path / 'photos' / part / 'a.jpg', (WIDTH, HEIGHT))
    out, _ = export('yolo-seg', link_images=str(tmp_path / 'photos'))
    assert os.readlink(out / 'images') == str(tmp_path / 'photos')
    assert boxes(read_boxes(str(out / 'data.yaml'), str(tmp_path / 'photos'))) == [
        ('p/a.jpg', HOSTILE, .5, 1.5, 11, 7), ('p/a.jpg', 'cat', 1.5, 1.5, 4, 4),
        ('p/a.jpg', 'cat', 4.5, 5.5, 1, 1), ('q/a.jpg', 'cat', 4.5, 5.5, 1, 1)]


@pytest.mark.parametrize('names, labels', [
    (('images/val/a.jpg', 'images/b.jpg'), ('labels/val/a.txt', 'labels/b.txt')),
    (('train/images/a.jpg', 'valid/images/a.jpg'),
     ('train/labels/a.txt', 'valid/labels/a.txt')),
    (('a.jpg', 'x/b.jpg'), ('labels/a.txt', 'labels/x/b.txt'))])
def test_yolo_labels_lie_where_trainers_look(export, tmp_path, photo, names, labels):
    data = masks()
    for image, name in zip(data['images'], names, strict=True):
        image['file_name'] = name
        photo(tmp_path / 'photos' / name, (WIDTH, HEIGHT))
    out, _ = export('yolo-seg', data, link_images=str(tmp_path / 'photos'))
    found = []
    for folder in yaml.safe_load((out / 'data.yaml').read_text())['train']:
        for path in sorted((out / folder).rglob('*.jpg')):
            # Ultralytics' img2label_paths.
            before, after = str(path).rsplit('/images/', 1)
            found.append(f'{before}/labels/{after}'[:-4] + '.txt')
    assert sorted(found) == sorted(str(out / label) for label in labels)
    assert all(map(os.path.exists, found))


@pytest.mark.parametrize('shape', [(1, 1), (1, 4), (2, 1)])
def test_yolo_outlines_have_three_points_at_least(export, shape):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:2 + shape[0], 3:3 + shape[1]] = True
    out, _ = export('yolo-seg', dict(masks(), annotations=[annotation(1, mask)]))
    line = (out / 'labels/p/a.txt').read_text()
    assert len(line.split()) >= 7
    assert (draw_as_ultralytics(line) == mask).all()


def test_yolo_refuses_a_folder_to_link_that_is_not_there(export):
    with pytest.raises(UserError, match='no such folder of images'):
        export('yolo-seg', link_images='none')


@pytest.mark.parametrize('shapes', ['polygons', 'masks'])
def test_labelme(export, shapes, boxes):
    out, text = export('labelme', shapes=shapes, simplify=0.)
    data = json.loads((out / 'p/a.json').read_text())
    assert (data['imagePath'], data['imageWidth'], data['imageHeight']) == (
        'a.jpg', WIDTH, HEIGHT)
    drawn = np.zeros((HEIGHT, WIDTH), bool)
    for shape in data['shapes']:
        assert shape['score'] == .5
        if shape['label'] != HOSTILE:
            continue
        if shapes == 'polygons':
            assert shape['shape_type'] == 'polygon' and shape['group_id'] == 2
            drawn |= fill([shape['points']])
        else:
            (x0, y0), (x1, y1) = np.asarray(shape['points'], int)
            png = Image.open(io.BytesIO(base64.b64decode(shape['mask'])))
            drawn[y0:y1 + 1, x0:x1 + 1] = np.asarray(png) > 0
    assert (drawn == PARTS).all()
    found = boxes(read_boxes(str(out), shapes='bounds'))
    assert [(name, *box) for name, label, *box in found if label == 'cat'][-1] == (
        'q/a.jpg', 4, 5, 2, 2)
    assert '1 crowd and ignored regions are left out' in text


def test_voc_pictures_give_shared_pixels_to_the_smaller(export):
    out, text = export('voc-png')
    with Image.open(out / 'SegmentationClass/p/a.png') as image:
        assert image.mode == 'P'
        classes, palette = np.asarray(image), image.getpalette()
    objects = np.asarray(Image.open(out / 'SegmentationObject/p/a.png'))
    assert set(np.unique(classes)) == {0, 1, 2, 255}
    assert (objects[OVER] == 3).all() and (classes[OVER] == 2).all()
    assert (objects[HOLE & ~OVER] == 1).all() and (objects[PARTS] == 2).all()
    assert (classes[CROWD] == 255).all() and classes[3, 3] == 0
    # VOC's first colours, as its development kit lists them.
    assert palette[:12] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
    assert voc_palette()[255].tolist() == [224, 224, 192]
    assert (out / 'ImageSets/Segmentation/all.txt').read_text() == 'p/a\nq/a\n'
    assert f'{(HOLE & OVER).sum()} pixels belong to several masks' in text
    assert '1 crowd and ignored regions are drawn as void' in text
    assert (out / 'labelmap.txt').read_text().splitlines() == [
        '# label:color_rgb:parts:actions', 'background:0,0,0::',
        f'{HOSTILE}:128,0,0::', 'cat:0,128,0::', 'ignored:224,224,192::']


def test_voc_says_what_more_than_254_objects_lose(export):
    data = masks()
    data['annotations'] = [
        annotation(number, np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
                   == number % (WIDTH * HEIGHT)) for number in range(260)]
    _, text = export('voc-png', data)
    assert '6 masks are more than the 254 objects' in text


def test_voc_refuses_more_classes_than_a_palette_has(export):
    data = masks()
    data['categories'] = [dict(id=i, name=str(i)) for i in range(300)]
    with pytest.raises(UserError, match='300 classes; PNG with palette holds 254'):
        export('voc-png', data)


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
def test_cvat(export, shapes, boxes):
    out, text = export('cvat', shapes=shapes, simplify=0.)
    root = ElementTree.parse(out).getroot()
    assert [node.findtext('name') for node in root.iter('label')] == [HOSTILE, 'cat']
    image = root.find('image')
    assert (image.get('name'), image.get('width')) == ('p/a.jpg', str(WIDTH))
    drawn = np.zeros((HEIGHT, WIDTH), bool)
    for node in image:
        if node.get('label') != HOSTILE:
            continue
        if shapes == 'polygons':
            drawn |= fill([[point.split(',') for point
                            in node.get('points').split(';')]])
        else:
            x, y, w, h = (int(node.get(k)) for k in ('left', 'top', 'width',
                                                     'height'))
            runs = list(map(int, node.get('rle').split(',')))
            flat = np.repeat(np.arange(len(runs)) % 2, runs)
            drawn[y:y + h, x:x + w] = flat.reshape(h, w)
    assert (drawn == PARTS).all()
    assert '4 scores are left out' in text
    tight = [(0, 1, 12, 8), (1, 1, 5, 5), (4, 5, 2, 2), (4, 5, 2, 2)]
    if shapes == 'masks':
        found = boxes(read_boxes(str(out), format='cvat', shapes='bounds'))
        assert [box[2:] for box in found] == tight


def test_characters_that_xml_cannot_hold_are_replaced(export):
    data = masks()
    data['categories'][1]['name'] = 'a\x00b\x1f'
    out, _ = export('cvat', data)
    assert [node.findtext('name') for node in ElementTree.parse(out).iter('label')][
        1] == 'a\ufffdb\ufffd'
    config = export('label-studio', data)[0] / 'label_config.xml'
    assert len(list(ElementTree.parse(config).iter('Label'))) == 2


@pytest.mark.parametrize('shapes', ['masks', 'polygons'])
def test_label_studio(export, shapes, boxes):
    out, _ = export('label-studio', shapes=shapes, simplify=0.)
    tasks = json.loads((out / 'tasks.json').read_text())
    assert tasks[0]['data'] == dict(image='/data/local-files/?d=p/a.jpg')
    prediction, = tasks[0]['predictions']
    assert prediction['score'] == .5
    drawn = np.zeros((HEIGHT, WIDTH), bool)
    for region in prediction['result']:
        assert (region['original_width'], region['original_height']) == (
            WIDTH, HEIGHT)
        value = region['value']
        if value[region['type']] != [HOSTILE]:
            continue
        if shapes == 'masks':
            drawn |= decode_brush(value['rle'], (WIDTH, HEIGHT))
        else:
            drawn |= fill([np.asarray(value['points']) * (WIDTH, HEIGHT) / 100])
    assert (drawn == PARTS).all()
    root = ElementTree.parse(out / 'label_config.xml').getroot()
    assert [node.get('value') for node in root.iter('Label')] == [HOSTILE, 'cat']
    names = {node.get('name') for node in root.iter()}
    for region in prediction['result']:
        assert {region['from_name'], region['to_name']} <= names
    if shapes == 'polygons':
        found = boxes(read_boxes(str(out / 'tasks.json'), results='predictions',
                                 shapes='bounds'))
        assert ('q/a.jpg', 'cat', 4, 5, 2, 2) in found


def test_a_png_a_mask(export):
    out, _ = export('png')
    with open(out / 'masks.csv', newline='', encoding='utf-8') as file:
        rows = {row['annotation']: row for row in csv.DictReader(file)}
    assert rows['11']['class'] == HOSTILE and rows['13']['iscrowd'] == '1'
    for number, mask in (('10', HOLE), ('11', PARTS), ('13', CROWD)):
        picture = np.asarray(Image.open(out / rows[number]['file']))
        assert (picture == mask).all()
        assert int(rows[number]['area']) == mask.sum()


@pytest.mark.parametrize('to', sorted(WRITERS.keys() - {'youtube-vis'}))
def test_choices_come_before_every_format(export, to):
    data = masks()
    data['annotations'][0]['score'] = .1
    _, text = export(to, data, min_score=.3)
    assert '3 have a score of at least 0.3; 1 have less and are left out' in text
    # An export that fails leaves nothing under its name.
    for entry in data['annotations']:
        entry.pop('score', None)
    path = export('coco', data)[0]
    with pytest.raises(UserError, match="none of its 6 annotations has a 'score'"):
        export_labels(str(path), str(path) + to, .3, to=to)
    assert not os.path.exists(str(path) + to)


FOLDERS = sorted(name for name, writer in WRITERS.items()
                 if writer.out_kind == 'folder')


@pytest.mark.parametrize('to', FOLDERS)
def test_names_stay_within_the_output_and_apart(export, tmp_path, to):
    data = masks()
    data['images'][0]['file_name'] = '../../../p/../a.jpg'
    data['images'][1]['file_name'] = '/etc/b.jpg'
    before = set(os.listdir(tmp_path.parent))
    export(to, data)
    assert set(os.listdir(tmp_path.parent)) == before
    if to == 'label-studio':
        return  # one file
    data['images'][1]['file_name'] = 'p/a.png'
    (tmp_path / 'masks.json').write_text(json.dumps(data))
    with pytest.raises(UserError, match="images .* and 'p/a.png' would both be"):
        export_labels(str(tmp_path / 'masks.json'), str(tmp_path / 'x'), to=to)


@pytest.mark.parametrize('to', FOLDERS)
def test_a_folder_is_whole_or_not_there(export, tmp_path, to, monkeypatch):
    out = tmp_path / f'out-{to}'
    original = type(WRITERS[to]).write

    def stop(*args, **options):
        original(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(type(WRITERS[to]), 'write', stop)
    with pytest.raises(KeyboardInterrupt):
        export(to)
    assert not out.exists()
    monkeypatch.undo()
    export(to)  # over what was left
    assert out.exists() and not (tmp_path / f'out-{to}.tmp').exists()
    assert not (out / '.mal-export').exists()
    with pytest.raises(UserError, match='this folder is not empty'):
        export(to)


def test_what_is_in_the_way_is_not_removed(export, tmp_path):
    (tmp_path / 'out-png.tmp').mkdir()
    (tmp_path / 'out-png.tmp' / 'precious').write_text('x')
    with pytest.raises(UserError, match='out-png.tmp: is in the way'):
        export('png')
    (tmp_path / 'out-voc-png').write_text('x')
    with pytest.raises(UserError, match='is a file, and this format is a folder'):
        export('voc-png')


def test_a_folder_does_not_get_the_name_of_a_file(tmp_path):
    for name in ('out.json', 'out.XML'):
        with pytest.raises(UserError, match='is the name of a file.* such as .*out$'):
            check_folder(str(tmp_path / name))
    check_folder(str(tmp_path / 'cats.v2'))


@pytest.mark.parametrize('change, words', [
    (lambda data: data['annotations'][0].update(image_id=99),
     'annotation 10: image_id 99 is not among the images'),
    (lambda data: data['annotations'][0].update(category_id=99),
     'annotation 10: category_id 99 is not among'),
    (lambda data: data['annotations'][0]['segmentation'].update(size=[1, 1]),
     r'annotation 10: RLE has size \[1, 1\]'),
    (lambda data: data['images'][0].pop('file_name'), 'image 1: has file_name None'),
    (lambda data: data['images'][0].update(file_name='a\0b'), 'image 1: has file_name'),
    (lambda data: data['images'][0].update(file_name='\ud800.jpg'),
     'image 1: has file_name'),
    (lambda data: data['images'][0].update(width='x'), "image 1: has width 'x'"),
    (lambda data: data['categories'][0].pop('name'), 'category 1 has no name')])
def test_a_faulty_masks_json_is_named(export, change, words):
    data = masks()
    change(data)
    with pytest.raises(UserError, match=words):
        export('cvat', data)


def test_an_annotation_without_a_mask_is_counted(export):
    assert '1 annotations have no mask and are left out' in export('png')[1]


def test_many_annotations_are_read_in_several_passes(export, monkeypatch):
    once = export('cvat')[0].read_text()
    monkeypatch.setattr('mmdet_mal.formats.mask_set._HELD', 1)
    out, text = export('cvat')
    assert out.read_text() == once
    assert 'of 6 annotations 4 have a score' in text


def test_unknown_formats_and_options_are_refused(export):
    with pytest.raises(UserError, match='--to tiff: not known; choose one of coco'):
        export('tiff')
    with pytest.raises(UserError, match='--to png has no option --shapes; it has none'):
        export('png', shapes='masks')
    with pytest.raises(UserError, match='boxes loose: expected one of keep, tighten'):
        export('coco', boxes='loose')
