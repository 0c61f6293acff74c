"""Real photographs: boxes by way of other tools' files, masks out and back."""

import base64
import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from mmdet_mal.formats import read_boxes
from mmdet_mal.formats.brush_rle import decode_brush
from mmdet_mal.labelling.export import export_labels
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle

IMAGES = 20


@pytest.fixture(scope='module')
def truth(coco_mini_root):
    """Some photographs of coco_mini with their human masks, without crowds."""
    data = json.loads(
        (coco_mini_root / 'annotations' / 'instances_dev.json').read_text())
    images = data['images'][:IMAGES]
    ids = {entry['id'] for entry in images}
    found = [entry for entry in data['annotations']
             if entry['image_id'] in ids and not entry['iscrowd']]
    return dict(images=images, annotations=found, categories=data['categories'])


def by_image(data):
    names = {entry['id']: entry['name'] for entry in data['categories']}
    for image in data['images']:
        yield image, [(names[entry['category_id']], entry['bbox'])
                      for entry in data['annotations']
                      if entry['image_id'] == image['id']]


def write_yolo(data, folder):
    order = [entry['name'] for entry in data['categories']]
    (folder / 'classes.txt').write_text('\n'.join(order))
    for image, found in by_image(data):
        w, h = image['width'], image['height']
        (folder / image['file_name']).with_suffix('.txt').write_text(''.join(
            f'{order.index(name)} {(x + bw / 2) / w:.6f} {(y + bh / 2) / h:.6f} '
            f'{bw / w:.6f} {bh / h:.6f}\n' for name, (x, y, bw, bh) in found))
    return folder


def write_voc(data, folder):
    for image, found in by_image(data):
        objects = ''.join(
            f'<object><name>{name}</name><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>'
            f'<xmax>{x + w}</xmax><ymax>{y + h}</ymax></bndbox></object>'
            for name, (x, y, w, h) in found)
        (folder / image['file_name']).with_suffix('.xml').write_text(
            f"<annotation><filename>{image['file_name']}</filename><size><width>"
            f"{image['width']}</width><height>{image['height']}</height></size>"
            f'{objects}</annotation>')
    return folder


def write_csv(data, folder):
    with open(folder / 'boxes.csv', 'w', newline='') as file:
        table = csv.writer(file)
        table.writerow(['filename', 'class', 'x', 'y', 'width', 'height'])
        for image, found in by_image(data):
            for name, box in found:
                table.writerow([image['file_name'], name, *box])
    return folder / 'boxes.csv'


def write_labelme(data, folder):
    for image, found in by_image(data):
        shapes = [dict(label=name, points=[[x, y], [x + w, y + h]], group_id=None,
                       shape_type='rectangle', flags={})
                  for name, (x, y, w, h) in found]
        (folder / image['file_name']).with_suffix('.json').write_text(json.dumps(dict(
            version='5.0.1', flags={}, shapes=shapes, imagePath=image['file_name'],
            imageData=None, imageHeight=image['height'],
            imageWidth=image['width'])))
    return folder


def write_cvat(data, folder):
    images = ''.join(
        f'<image id="{number}" name="{image["file_name"]}" width="{image["width"]}" '
        f'height="{image["height"]}">' + ''.join(
            f'<box label="{escape(name)}" occluded="0" xtl="{x:.2f}" ytl="{y:.2f}" '
            f'xbr="{x + w:.2f}" ybr="{y + h:.2f}" z_order="0"></box>'
            for name, (x, y, w, h) in found) + '</image>'
        for number, (image, found) in enumerate(by_image(data)))
    (folder / 'annotations.xml').write_text(f'<annotations>{images}</annotations>')
    return folder / 'annotations.xml'


def write_label_studio(data, folder):
    tasks = []
    for number, (image, found) in enumerate(by_image(data)):
        w, h = image['width'], image['height']
        tasks.append(dict(
            id=number, data=dict(image=f"/data/upload/1/01234567-{image['file_name']}"),
            annotations=[dict(id=number, result=[dict(
                id=str(i), type='rectanglelabels', from_name='l', to_name='image',
                original_width=w, original_height=h, image_rotation=0,
                value=dict(x=box[0] * 100 / w, y=box[1] * 100 / h,
                           width=box[2] * 100 / w, height=box[3] * 100 / h,
                           rotation=0, rectanglelabels=[name]))
                for i, (name, box) in enumerate(found)])]))
    (folder / 'export.json').write_text(json.dumps(tasks))
    return folder / 'export.json'


@pytest.mark.parametrize('write, options, off', [
    (write_yolo, {}, 2e-3), (write_voc, dict(corners='edges'), 1e-4),
    (write_csv, dict(box_format='xywh'), 1e-9), (write_labelme, {}, 1e-4),
    (write_cvat, {}, .011), (write_label_studio, {}, 1e-4)],
    ids=lambda value: getattr(value, '__name__', ''))
def test_boxes_of_real_photographs_come_back(truth, coco_mini_root, tmp_path, write,
                                             options, off):
    data = read_boxes(str(write(truth, tmp_path)), str(coco_mini_root / 'images'),
                      **options)
    expected = {image['file_name']: found for image, found in by_image(truth)}
    read = {image['file_name']: (image, found) for image, found in by_image(data)}
    for entry in truth['images']:
        if not expected[entry['file_name']] and write is write_csv:
            continue
        image, found = read[entry['file_name']]
        assert (image['width'], image['height']) == (entry['width'], entry['height'])
        for (name, box), (other, back) in zip(expected[entry['file_name']], found,
                                              strict=True):
            assert name == other
            assert back == pytest.approx(box, abs=off)


def read_png(out, image, number, shape):
    return np.asarray(Image.open(out / image['file_name'][:-4] / f'{number}.png'))


def read_labelme(out, image, number, shape):
    data = json.loads((out / image['file_name']).with_suffix('.json').read_text())
    entry = data['shapes'][number]
    (x0, y0), (x1, y1) = np.asarray(entry['points'], int)
    mask = np.zeros(shape, bool)
    mask[y0:y1 + 1, x0:x1 + 1] = np.asarray(Image.open(io.BytesIO(
        base64.b64decode(entry['mask'])))) > 0
    return mask


def read_label_studio(out, image, number, shape):
    tasks = json.loads((out / 'tasks.json').read_text())
    task, = (task for task in tasks if task['data']['image'].endswith(
        image['file_name']))
    return decode_brush(task['predictions'][0]['result'][number]['value']['rle'],
                        shape[::-1])


def read_cvat(out, image, number, shape):
    node = [node for node in ElementTree.parse(out).iter('image')
            if node.get('name') == image['file_name']][0][number]
    x, y, w, h = (int(node.get(k)) for k in ('left', 'top', 'width', 'height'))
    runs = list(map(int, node.get('rle').split(',')))
    mask = np.zeros(shape, bool)
    mask[y:y + h, x:x + w] = np.repeat(np.arange(len(runs)) % 2, runs).reshape(h, w)
    return mask


@pytest.mark.parametrize('to, options, read', [
    ('labelme', dict(shapes='masks'), read_labelme), ('label-studio', {},
                                                     read_label_studio),
    ('cvat', {}, read_cvat)], ids=['labelme', 'label-studio', 'cvat'])
def test_exact_formats_give_the_masks_back(truth, tmp_path, to, options, read):
    data = dict(truth, images=truth['images'][:6])
    ids = {entry['id'] for entry in data['images']}
    data['annotations'] = [entry for entry in truth['annotations']
                           if entry['image_id'] in ids]
    (tmp_path / 'masks.json').write_text(json.dumps(data))
    export_labels(str(tmp_path / 'masks.json'), str(tmp_path / 'out'), to=to,
                  **options)
    checked = 0
    for image in data['images']:
        shape = image['height'], image['width']
        own = [entry for entry in data['annotations']
               if entry['image_id'] == image['id']]
        for number, entry in enumerate(own[:4]):
            mask = rle_to_mask(segmentation_to_rle(entry['segmentation'], *shape))
            assert (read(tmp_path / 'out', image, number, shape) == mask).all()
            checked += 1
    assert checked > 10


@pytest.mark.parametrize('simplify, least_mean', [(0., 1.), (1., .975)])
def test_polygons_keep_the_masks(truth, tmp_path, simplify, least_mean):
    (tmp_path / 'masks.json').write_text(json.dumps(truth))
    out = tmp_path / 'out.json'
    export_labels(str(tmp_path / 'masks.json'), str(out), shapes='polygons',
                  simplify=simplify)
    sizes = {entry['id']: (entry['height'], entry['width'])
             for entry in truth['images']}
    ious = []
    for before, after in zip(truth['annotations'],
                             json.loads(out.read_text())['annotations'], strict=True):
        rles = [segmentation_to_rle(entry['segmentation'], *sizes[entry['image_id']])
                for entry in (before, after)]
        ious.append(float(coco_mask.iou(rles[:1], rles[1:], [0])[0, 0]))
    assert np.mean(ious) >= least_mean and min(ious) >= min(.95, least_mean)


def test_tightened_boxes_are_those_of_the_masks(truth, tmp_path):
    (tmp_path / 'masks.json').write_text(json.dumps(truth))
    out = tmp_path / 'out.json'
    export_labels(str(tmp_path / 'masks.json'), str(out), shapes='polygons',
                  boxes='keep')
    export_labels(str(out), str(tmp_path / 'tight.json'), boxes='tighten')
    sizes = {entry['id']: (entry['height'], entry['width'])
             for entry in truth['images']}
    for entry in json.loads((tmp_path / 'tight.json').read_text())['annotations']:
        mask = rle_to_mask(segmentation_to_rle(entry['segmentation'],
                                               *sizes[entry['image_id']]))
        rows, columns = np.nonzero(mask)
        assert entry['bbox'] == [columns.min(), rows.min(), np.ptp(columns) + 1,
                                 np.ptp(rows) + 1]
