"""The masks JSON: the input with masks, nothing else changed."""

import json
import random
import tracemalloc

import pytest
from mmdet.datasets import CocoDataset
from mmdet.datasets.transforms import LoadAnnotations

from mmdet_mal.datasets import AnnotationFile, json_stream, parsing
from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.labelling import merge as merge_module
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.merge import merge_shards, write_labels
from mmdet_mal.labelling.records import make_failure, make_record
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.structures.rle import bbox_rle, rle_area, rle_to_mask

ADDED = ('segmentation', 'area', 'score', 'mal')


def without_masks(annotation):
    return {k: v for k, v in annotation.items() if k not in ADDED}


def test_only_masks_are_added(toy, tmp_path):
    out = json.loads(toy.label(tmp_path))
    assert list(out) == list(toy.data)
    for key in toy.data:
        if key not in ('annotations', 'info'):
            assert out[key] == toy.data[key]
    assert out['info'] == dict(year=2026, mal=toy.manifest().provenance())
    records = {r['id']: r for chunk in toy.chunks for r in chunk}
    assert len(out['annotations']) == len(toy.data['annotations'])
    for old, new in zip(toy.data['annotations'], out['annotations'], strict=True):
        if old['iscrowd']:
            if 'segmentation' in old:
                assert new == old
            assert without_masks(new) == without_masks(old)
            continue
        assert without_masks(new) == without_masks(old)
        assert {k: new[k] for k in ADDED} == {k: records[old['id']][k] for k in ADDED}
        assert list(new)[:4] == list(old)[:4]
        assert new['area'] == rle_area(new['segmentation']) > 0
    assert validate_labels(str(toy.path), str(tmp_path / 'masks.json')) == []


@pytest.mark.parametrize('ranks', [2, 3, 20])
def test_bytes_do_not_depend_on_the_number_of_ranks(toy, tmp_path, ranks):
    one = toy.label(tmp_path / 'one', 1)
    assert toy.label(tmp_path / 'many', ranks) == one
    assert one.isascii() and one.endswith(b'}\n')
    # One annotation a line, so that text tools are of use.
    assert one.count(b'\n{') == len(toy.data['annotations'])


def test_summary_counts(toy, tmp_path):
    toy.chunks[0] = [make_failure(r['id'], 'x/a.jpg: image not found')
                     for r in toy.chunks[0]]
    toy.chunks[1][0]['mal']['fallback'] = 'empty_mask'
    toy.label(tmp_path)
    summary = json.loads((tmp_path / 'masks.run/summary.json').read_text())
    assert summary['annotations'] == 40 and summary['images'] == 6
    assert summary['crowds'] == 4 and summary['masks'] == 31
    assert summary['fallbacks'] == dict(empty_mask=1, image_unreadable=4)
    assert summary['reasons'] == {'x/a.jpg: image not found': 4}
    text = (tmp_path / 'masks.run/log').read_text()
    assert '40 annotations of 6 images: 31 masks' in text
    assert 'image_unreadable  4' in text and 'not found (4 boxes)' in text


def test_missing_chunks_are_refused(toy, tmp_path):
    run = toy.run(tmp_path)
    run.prepare(toy.manifest())
    run.open_shard(0)
    run.add(0, toy.chunks[0])
    run.close()
    with pytest.raises(LabelRunError, match='8 of 9 chunks are not.*first is 1'):
        run.finish()
    assert not (tmp_path / 'masks.json').exists()


def test_failed_validation_keeps_the_old_file(toy, tmp_path):
    old = toy.label(tmp_path)
    toy.chunks[2][0]['area'] += 1
    toy.chunks[2][1]['segmentation']['counts'] = 'zz'
    with pytest.raises(LabelRunError, match='not valid: annotation .*area is') as error:
        write_labels(toy.data, {r['id']: r for c in toy.chunks for r in c}.get,
                     str(tmp_path / 'masks.json'), {})
    assert 'RLE' in str(error.value)
    assert (tmp_path / 'masks.json').read_bytes() == old


def test_full_disk_while_merging_keeps_the_old_file(toy, tmp_path, monkeypatch):
    old = toy.label(tmp_path)

    def full(file, *args):
        file.write('{')
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(merge_module, '_write', full)
    with pytest.raises(LabelRunError, match='No space left.*only the merge') as error:
        toy.run(tmp_path).finish()
    assert '\n' not in str(error.value)
    monkeypatch.undo()
    assert (tmp_path / 'masks.json').read_bytes() == old
    assert toy.label(tmp_path) == old
    assert not list(tmp_path.glob('*.tmp*')) and not list(tmp_path.glob('*.probe*'))


def test_unreadable_input(toy, tmp_path):
    toy.label(tmp_path)
    with pytest.raises(AnnotationError, match='not found'):
        merge_shards(str(tmp_path / 'no.json'), str(tmp_path / 'masks.run'),
                     str(tmp_path / 'out.json'))


IMAGE = dict(id=1, file_name='a.png', height=8, width=10)


def label_one(tmp_path, annotation, record=None, image=IMAGE):
    data = dict(images=[image], annotations=[annotation],
                categories=[dict(id=1, name='c')])
    (tmp_path / 'in.json').write_text(json.dumps(data))
    out_file = str(tmp_path / 'out.json')
    summary = write_labels(data, lambda ann_id: record, out_file, dict(version='1'))
    assert validate_labels(str(tmp_path / 'in.json'), out_file) == []
    written = json.loads((tmp_path / 'out.json').read_text())['annotations']
    assert len(written) == 1
    return written[0], summary


NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('changes, kind, pixels', [
    pytest.param(dict(bbox=[NAN, 1, 2, 2]), 'bbox_nan', [(1, 0)], id='nan'),
    pytest.param(dict(bbox=[1, INF, 2, 2]), 'bbox_nan', [(7, 1)], id='inf'),
    pytest.param(dict(bbox=[5, 5, -2, 2]), 'bbox_reversed', [(5, 5)], id='reversed'),
    pytest.param(dict(bbox=[5, 5, 0, 2]), 'bbox_zero', [(5, 5)], id='zero'),
    pytest.param(dict(bbox=[50, 50, 2, 2]), 'bbox_outside', [(7, 9)], id='beyond'),
    pytest.param(dict(bbox=[-5, 3, 2, 2]), 'bbox_outside', [(3, 0)], id='left'),
    pytest.param(dict(bbox=[1, 2]), 'bbox_malformed', [(0, 0)], id='two numbers'),
    pytest.param(dict(bbox='x'), 'bbox_malformed', [(0, 0)], id='a string'),
    pytest.param(dict(bbox=None), 'bbox_malformed', [(0, 0)], id='null'),
    pytest.param(dict(category_id=9), 'category_id_unknown',
                 [(2, 1), (2, 2), (3, 1), (3, 2)], id='category'),
    pytest.param(dict(id=None), 'ann_id_missing',
                 [(2, 1), (2, 2), (3, 1), (3, 2)], id='no id'),
    pytest.param({}, 'not_labelled', [(2, 1), (2, 2), (3, 1), (3, 2)],
                 id='left out of a dry run'),
])
def test_faulty_boxes_are_carried_through(tmp_path, changes, kind, pixels):
    annotation = {**dict(id=4, image_id=1, category_id=1, bbox=[1, 2, 2, 2],
                         iscrowd=0), **changes}
    written, summary = label_one(tmp_path, annotation)
    assert written['mal'] == dict(fallback=kind) and written['score'] == 0
    assert summary.fallbacks == {kind: 1} and summary.masks == 0
    mask = rle_to_mask(written['segmentation'])
    assert mask.shape == (8, 10)
    assert list(zip(*mask.nonzero(), strict=True)) == pixels


def test_annotation_without_a_bbox(tmp_path):
    written, _ = label_one(tmp_path, dict(id=4, image_id=1, category_id=1))
    assert written['mal']['fallback'] == 'bbox_malformed'


def test_unknown_image_gets_a_mask_of_one_pixel(tmp_path):
    written, _ = label_one(
        tmp_path, dict(id=4, image_id=77, category_id=1, bbox=[1, 2, 2, 2]))
    assert written['mal'] == dict(fallback='image_id_unknown')
    assert written['segmentation']['size'] == [1, 1] and written['area'] == 1


def test_mask_of_another_size_is_replaced_by_the_box(tmp_path):
    record = make_record(4, bbox_rle((1, 1, 3, 3), (10, 8)), .5, {})
    written, _ = label_one(
        tmp_path, dict(id=4, image_id=1, category_id=1, bbox=[1, 2, 2, 2]), record)
    assert written['mal'] == dict(fallback='mask_size_mismatch')
    assert written['segmentation'] == bbox_rle((1, 2, 3, 4), (8, 10))


def test_image_without_a_size_takes_the_mask(tmp_path):
    record = make_record(4, bbox_rle((1, 1, 3, 3), (10, 8)), .5, {})
    written, _ = label_one(
        tmp_path, dict(id=4, image_id=1, category_id=1, bbox=[1, 2, 2, 2]), record,
        dict(id=1, file_name='a.png'))
    assert written['segmentation'] == record['segmentation']


def test_duplicate_ids_are_flagged_both(toy, tmp_path):
    data = dict(images=[IMAGE], categories=[dict(id=1, name='c')], annotations=[
        dict(id=4, image_id=1, category_id=1, bbox=[i, 2, 2, 2]) for i in (1, 5)])
    summary = write_labels(data, lambda ann_id: None, str(tmp_path / 'o.json'), {})
    assert summary.fallbacks == dict(ann_id_duplicate=2)


@pytest.mark.parametrize('info', [None, 'text', [1]])
def test_foreign_info_stays(tmp_path, info):
    data = dict(info=info, images=[], annotations=[], categories=[])
    write_labels(data, lambda ann_id: None, str(tmp_path / 'o.json'), dict(a=1))
    assert json.loads((tmp_path / 'o.json').read_text()) == data


def test_absent_info_is_made(tmp_path):
    data = dict(images=[], annotations=[], categories=[])
    write_labels(data, lambda ann_id: None, str(tmp_path / 'o.json'), dict(a=1))
    out = json.loads((tmp_path / 'o.json').read_text())
    assert out == dict(data, info=dict(mal=dict(a=1)))


def test_stock_coco_dataset_reads_every_mask(toy, tmp_path):
    toy.label(tmp_path)
    dataset = CocoDataset(
        ann_file=str(tmp_path / 'masks.json'), pipeline=[], test_mode=True,
        metainfo=dict(classes=('c1', 'c2', 'c3')), data_prefix=dict(img=''))
    load = LoadAnnotations(with_mask=True)
    crowds = boxes = 0
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        shape = (info['height'], info['width'])
        info = load(dict(info, ori_shape=shape, img_shape=shape))
        assert info['gt_masks'].masks.shape == (len(info['gt_bboxes']), *shape)
        assert info['gt_masks'].masks.any(axis=(1, 2)).all()
        boxes += len(info['gt_bboxes'])
        crowds += info['gt_ignore_flags'].sum()
    assert (boxes, crowds) == (40, 4)


@pytest.mark.parametrize('has', [(), ('segmentation',), ('area',)])
def test_crowd_without_a_mask_gets_its_box_as_stock_loaders_need(tmp_path, has):
    theirs = dict(segmentation=dict(size=[8, 10], counts=[80]), area=3.5)
    crowd = dict(id=4, image_id=1, category_id=1, bbox=[1, 2, 2, 3], iscrowd=1,
                 **{key: theirs[key] for key in has})
    written, summary = label_one(tmp_path, crowd)
    filled = bbox_rle((1, 2, 3, 5), (8, 10))
    expected = {**dict(segmentation=filled, area=6), **crowd}
    assert written == dict(expected, mal=dict(fallback='crowd_box'))
    assert summary.crowds == summary.crowds_completed == 1
    assert not summary.fallbacks
    assert '1 crowd regions passed through (1 had no mask' in str(summary)


@pytest.mark.parametrize('value', ['0', '1', 'false', 2, None, [1]])
def test_iscrowd_that_is_no_1_makes_no_crowd_region(tmp_path, value):
    box = dict(id=4, image_id=1, category_id=1, bbox=[1, 2, 2, 3], iscrowd=value)
    written, summary = label_one(tmp_path, box)
    assert written['iscrowd'] == value and written['score'] == 0
    assert summary.crowds == 0 and summary.fallbacks == {'not_labelled': 1}


def test_unwritable_folder_is_a_one_line_error(toy, tmp_path):
    (tmp_path / 'file').write_text('')
    for out_file in (tmp_path / 'file' / 'o.json', tmp_path):
        with pytest.raises(LabelRunError, match='cannot write the masks') as error:
            write_labels(toy.data, {}.get, str(out_file), {})
        assert '\n' not in str(error.value)


def relabelled(toy, tmp_path, data, **dump_options):
    """The output for an input of the same boxes, written in another way."""
    toy.path.write_text(json.dumps(data, **dump_options))
    return json.loads(toy.label(tmp_path))


@pytest.mark.parametrize('seed', range(4))
def test_top_level_keys_keep_any_order(toy, tmp_path, seed):
    keys = list(toy.data)
    random.Random(seed).shuffle(keys)
    data = {key: toy.data[key] for key in keys}
    out = relabelled(toy, tmp_path, data)
    assert list(out) == keys
    assert validate_labels(str(toy.path), str(tmp_path / 'masks.json')) == []


def test_images_after_annotations_give_the_same_masks(toy, tmp_path):
    first = json.loads(toy.label(tmp_path / 'first'))
    out = relabelled(toy, tmp_path, dict(reversed(toy.data.items())))
    assert list(out)[-1] == 'info' and list(out).index('images') == 3
    assert out['annotations'] == first['annotations']


@pytest.mark.parametrize('options', [
    dict(indent=2), dict(ensure_ascii=False), dict(separators=(',', ':'))],
    ids=['indented', 'utf8', 'compact'])
def test_bytes_depend_on_what_the_input_says_not_on_how(toy, tmp_path, options):
    expected = json.loads(toy.label(tmp_path / 'first'))
    out = relabelled(toy, tmp_path, toy.data, **options)
    for content in (out, expected):
        del content['info']['mal']['input_sha256']
    assert out == expected


@pytest.mark.parametrize('block', [1, 7])
def test_streamed_input_gives_the_bytes_of_the_input_in_memory(
        toy, tmp_path, monkeypatch, block):
    toy.data['annotations'][3].update(id=toy.data['annotations'][5]['id'])
    toy.data['annotations'][8].update(bbox=[NAN, 1, 2, 3], odd=[INF, 2**70, '\ud800'])
    toy.path.write_text(json.dumps(toy.data))
    lookup = {r['id']: r for chunk in toy.chunks for r in chunk}.get
    write_labels(toy.data, lookup, str(tmp_path / 'a.json'), dict(a=1))
    monkeypatch.setattr(parsing, 'BLOCK', block)
    monkeypatch.setattr(json_stream, '_BLOCK', 1 + block)
    write_labels(AnnotationFile(str(toy.path)), lookup, str(tmp_path / 'b.json'),
                 dict(a=1))
    assert (tmp_path / 'a.json').read_bytes() == (tmp_path / 'b.json').read_bytes()


def test_lvis_fields_and_images_without_boxes_pass_through(toy, tmp_path):
    for i, image in enumerate(toy.data['images']):
        image.update(neg_category_ids=[i, 2], not_exhaustive_category_ids=[3],
                     coco_url=f'http://x/{i}')
    for category in toy.data['categories']:
        category.update(frequency='c', synset='s.n.01', synonyms=['a', 'b'],
                        image_count=4, instance_count=9)
    out = relabelled(toy, tmp_path, toy.data)
    assert out['images'] == toy.data['images'] and len(out['images']) == 6
    assert out['categories'] == toy.data['categories']
    used = {a['image_id'] for a in out['annotations']}
    assert toy.data['images'][5]['id'] not in used


def test_area_is_the_masks_whatever_the_input_said(toy, tmp_path):
    for annotation in toy.data['annotations']:
        annotation['area'] = 12345.5
    out = relabelled(toy, tmp_path, toy.data)
    for annotation in out['annotations']:
        if not annotation['iscrowd']:
            area = annotation['area']
            assert area == rle_area(annotation['segmentation']) != 12345.5


def test_parts_of_a_run_in_several_folders_are_merged(toy, tmp_path):
    whole = toy.label(tmp_path / 'whole')
    for part in range(3):
        run = LabelRun(str(toy.path), str(tmp_path / f'{part}.json'))
        run.prepare(toy.manifest())
        run.open_shard(0)
        for chunk in range(part, len(toy.chunks), 3):
            run.add(chunk, toy.chunks[chunk])
        run.close()
    folders = [str(tmp_path / f'{part}.run') for part in range(3)]
    merge_shards(str(toy.path), folders, str(tmp_path / 'masks.json'))
    assert (tmp_path / 'masks.json').read_bytes() == whole
    with pytest.raises(LabelRunError, match='3 of 9 chunks .*first is 1'):
        merge_shards(str(toy.path), [folders[0], folders[2]],
                     str(tmp_path / 'x.json'))


def test_memory_beside_the_index_does_not_grow_with_the_boxes(
        tmp_path, monkeypatch):
    monkeypatch.setattr(parsing, 'BLOCK', 100)
    monkeypatch.setattr(json_stream, '_BLOCK', 1 << 12)
    peaks = []
    for count in (300, 1200):
        data = dict(images=[IMAGE], categories=[dict(id=1, name='c')],
                    annotations=[dict(id=i, image_id=1, category_id=1,
                                      bbox=[1, 2, 2, 2], segmentation=[[1.5] * 40])
                                 for i in range(count)])
        path = tmp_path / f'{count}.json'
        path.write_text(json.dumps(data))
        record = make_record(4, bbox_rle((1, 1, 3, 3), (8, 10)), .5, {})
        tracemalloc.start()
        write_labels(AnnotationFile(str(path)), lambda _, r=record: r,
                     str(tmp_path / 'o.json'), {})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # 900 more annotations are 1.5 MB as dicts.
    assert peaks[1] - peaks[0] < 900 * 64
