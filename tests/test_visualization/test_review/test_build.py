"""What a page is made of, and what becomes of faults and of interruptions."""

import json
import os
import re

import pytest
from review_data import SIDE, draw_data, ellipse, rewrite

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.review import build_review
from mmdet_mal.visualization.review import crops as crops_module


def read_script(path):
    """The arguments of the call in a data file."""
    text = path.read_text(encoding='ascii')
    inner = re.fullmatch(r'malReview\.receive\.\w+\((.*)\);\n', text)[1]
    return json.loads(f'[{inner}]')


def files_of(drawn):
    return drawn.folder / 'review_files'


def rows_of(drawn):
    return read_script(files_of(drawn) / 'data' / 'rows_0.js')[1]


def test_rows_are_worst_first_and_masks_in_the_order_of_images(drawn, build):
    def change(data):
        for ann, score in zip(data['annotations'], [.5, .9, .1] * 4, strict=True):
            ann['score'] = score
        data['annotations'][1].pop('score')
        data['annotations'].append(data['annotations'].pop(0))  # not by image

    rewrite(drawn, change)
    assert build().boxes == 12
    rows = rows_of(drawn)
    assert rows['scores'][0] == [.1] * 4 + [.5] * 4 + [.9] * 3 + [None]
    assert rows['id'][-1] == '101'
    by_slot = dict(zip(rows['slot'], rows['image'], strict=True))
    assert [by_slot[slot] for slot in range(12)] == [slot // 3 for slot in range(12)]


def test_each_image_is_read_once(drawn, build, monkeypatch):
    opened = []
    real = crops_module.open_image

    def watched(path, *arguments, **options):
        opened.append(os.path.basename(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(crops_module, 'open_image', watched)
    rewrite(drawn, lambda data: data['annotations'].sort(key=lambda a: a['id'] % 3))
    build()
    assert sorted(opened) == [f'photo_{i}.jpg' for i in range(4)]


def test_crowds_and_annotations_without_an_id_are_counted(drawn, build):
    def change(data):
        data['annotations'][0]['iscrowd'] = 1
        data['annotations'][1]['id'] = None
        data['annotations'][2]['id'] = True
        data['annotations'][4]['id'] = 103

    rewrite(drawn, change)
    summary = build()
    assert (summary.boxes, summary.crowds, summary.without_id, summary.repeated) == (
        8, 1, 2, 1)
    assert '2 annotations without an id' in str(summary)


@pytest.mark.parametrize('change', [
    pytest.param(dict(segmentation=None), id='no mask'),
    pytest.param(dict(segmentation=dict(size=[SIDE, SIDE], counts='~~')),
                 id='torn RLE'),
    pytest.param(dict(segmentation=dict(size=[5, 5], counts='i')), id='other size'),
    pytest.param(dict(segmentation=[[float('nan')] * 6]), id='polygon of NaN'),
    pytest.param(dict(segmentation=[[0, 0, 1e12, 0, 1e12, 1e12]]),
                 id='endless polygon'),
    pytest.param(dict(segmentation=[['a'] * 6]), id='polygon of text'),
    pytest.param(dict(segmentation='mask'), id='text'),
    pytest.param(dict(bbox=[float('nan')] * 4), id='box of NaN'),
    pytest.param(dict(bbox=None), id='no box'),
    pytest.param(dict(bbox=[500, 500, 5, 5]), id='box outside'),
    pytest.param(dict(image_id=99), id='unknown image'),
    pytest.param(dict(category_id=99), id='unknown class'),
    pytest.param(dict(score=float('nan')), id='score of NaN'),
    pytest.param(dict(score='good'), id='score of text'),
    pytest.param(dict(area=10**400), id='endless area'),
    pytest.param(dict(mal='x'), id='mal of text'),
    pytest.param(dict(mal={'fallback': {'a': 1}}), id='fallback of an object'),
])
def test_a_faulty_annotation_stays_on_the_page(drawn, build, change):
    rewrite(drawn, lambda data: data['annotations'][3].update(change))
    assert build().boxes == 12
    row = rows_of(drawn)['id'].index('103')
    assert rows_of(drawn)['cls'][row] == (2 if 'category_id' in change else 1)


def test_unreadable_masks_are_counted(drawn, build):
    rewrite(drawn, lambda data: data['annotations'][3].update(
        segmentation=dict(size=[5, 5], counts='i')))
    summary = build()
    assert summary.unfit == {'mal': 1}
    assert 'mal: 1 masks cannot be shown' in str(summary)


@pytest.mark.parametrize('content', [b'', b'no image', b'\xff\xd8cut'])
def test_an_unreadable_image_is_named(drawn, build, content):
    (drawn.photos / 'photo_2.jpg').write_bytes(content)
    summary = build()
    assert len(summary.no_picture) == 1 and 'photo_2.jpg' in summary.no_picture[0]
    assert rows_of(drawn)['picture'] == [1] * 6 + [0] * 3 + [1] * 3


def test_an_image_of_another_size_is_not_shown_under_the_masks(drawn, build):
    rewrite(drawn, lambda data: data['images'][0].update(width=SIDE + 1))
    summary = build()
    assert 'photo_0.jpg' in summary.no_picture[0]
    assert summary.unfit == {'mal': 3}


def test_only_the_worst(drawn, build):
    summary = build(worst=5)
    assert (summary.boxes, summary.left_out) == (5, 7)
    assert rows_of(drawn)['id'] == ['100', '101', '102', '103', '104']


def test_data_files_are_plain_ascii(tmp_path):
    drawn = draw_data(tmp_path, images=1, boxes=1, names=['\u2028é.jpg'],
                      classes=('</script>\u2029',))
    build_review([('\u202e', drawn.masks)], drawn.photos, tmp_path / 'review.html',
                 progress=False)
    for path in (tmp_path / 'review_files' / 'data').iterdir():
        assert path.read_bytes().isascii(), path.name


def test_numbers_beyond_javascript_stay_exact(drawn, build):
    """Ids of 64 bits are text on the page; a JavaScript number would round."""
    rewrite(drawn, lambda data: data['annotations'][0].update(id=2**60 + 1))
    build()
    assert rows_of(drawn)['id'][0] == '1152921504606846977'


def test_a_page_is_replaced_by_the_next(drawn, build):
    build()
    stale = files_of(drawn) / 'crops' / '0' / 'stale.jpg'
    stale.write_bytes(b'x')
    build(worst=3)
    assert not stale.exists()
    assert len(rows_of(drawn)['id']) == 3
    assert sorted(path.name for path in drawn.folder.iterdir()) == [
        'masks.json', 'photos', 'review.html', 'review_files']


def test_a_foreign_folder_is_not_replaced(drawn, build):
    files_of(drawn).mkdir()
    (files_of(drawn) / 'thesis.tex').write_text('years of work')
    with pytest.raises(UserError, match='is not the folder of a review page'):
        build()
    assert (files_of(drawn) / 'thesis.tex').read_text() == 'years of work'
    assert not (drawn.folder / 'review.html').exists()


def test_a_link_is_not_followed(drawn, build):
    elsewhere = drawn.folder / 'elsewhere'
    elsewhere.mkdir()
    files_of(drawn).symlink_to(elsewhere)
    with pytest.raises(UserError, match='is not the folder of a review page'):
        build()
    assert list(elsewhere.iterdir()) == []


def interrupt_after(monkeypatch, number):
    """Let the build be stopped when so many images are read."""
    left = [number]
    real = crops_module.open_image

    def open_image(*arguments, **options):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*arguments, **options)

    monkeypatch.setattr(crops_module, 'open_image', open_image)


def test_an_interrupted_build_goes_on_and_ends_alike(drawn, build, monkeypatch):
    build()
    expected = {path.relative_to(files_of(drawn)): path.read_bytes()
                for path in files_of(drawn).rglob('*.jp*g')}
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            build()
    # The page before it is whole all the time.
    assert (files_of(drawn) / 'data' / 'meta.js').exists()
    journal = drawn.folder / 'review_files.tmp' / 'crops.log'
    journal.write_text(journal.read_text() + '3')  # a torn line is no image
    summary = build()
    assert summary.crops_reused == 6
    assert {path.relative_to(files_of(drawn)): path.read_bytes()
            for path in files_of(drawn).rglob('*.jp*g')} == expected
    assert not (drawn.folder / 'review_files.tmp').exists()
    assert not list(files_of(drawn).glob('*.tmp'))
    assert not (files_of(drawn) / 'crops.log').exists()


def test_an_interrupted_build_of_other_masks_starts_anew(drawn, build, monkeypatch):
    with monkeypatch.context() as patch:
        interrupt_after(patch, 2)
        with pytest.raises(KeyboardInterrupt):
            build()
    rewrite(drawn, lambda data: data['annotations'][0].update(bbox=[1, 1, 9, 9]))
    assert build().crops_reused == 0


def test_two_builds_of_one_page_at_once(drawn, build, monkeypatch):
    real = crops_module.open_image

    def second(*arguments, **options):
        monkeypatch.setattr(crops_module, 'open_image', real)
        with pytest.raises(UserError, match='another process is writing it'):
            build()
        return real(*arguments, **options)

    monkeypatch.setattr(crops_module, 'open_image', second)
    assert build().boxes == 12


@pytest.mark.parametrize('arguments, words', [
    pytest.param(dict(masks=[]), 'no masks to review', id='no file'),
    pytest.param(dict(masks=[('a', '{masks}'), ('a', '{masks}')]),
                 "two label files are called 'a'", id='one name twice'),
    pytest.param(dict(masks=[(' ', '{masks}')]), 'an empty name', id='no name'),
    pytest.param(dict(masks=[('a', '{photos}')]), 'it is a folder', id='folder'),
    pytest.param(dict(masks=[('a', 'none.json')]), 'not found', id='absent'),
    pytest.param(dict(images='nowhere'), 'no such folder of images', id='no images'),
    pytest.param(dict(out_html='{masks}'), 'ends in .html', id='other ending'),
    pytest.param(dict(worst=0), '--worst 0', id='none of the worst'),
    pytest.param(dict(human='{boxes}'), 'has no mask for any of the boxes',
                 id='human file without masks'),
    pytest.param(dict(masks=[('a', '{boxes}')]),
                 r'none of its 12 annotations .* has a mask',
                 id='boxes instead of masks'),
])
def test_mistakes_are_named_and_leave_nothing(drawn, arguments, words):
    boxes = json.loads(drawn.masks.read_text())
    for ann in boxes['annotations']:
        ann.pop('segmentation')
    (drawn.folder / 'boxes.json').write_text(json.dumps(boxes))
    paths = dict(masks=drawn.masks, photos=drawn.photos,
                 boxes=drawn.folder / 'boxes.json')
    given = dict(masks=[('mal', '{masks}')], images='{photos}',
                 out_html=str(drawn.folder / 'review.html'), progress=False)
    given.update(arguments)
    given['masks'] = [(name, path.format(**paths)) for name, path in given['masks']]
    for key in ('images', 'out_html', 'human'):
        if key in given:
            given[key] = given[key].format(**paths)
    with pytest.raises(UserError, match=words):
        build_review(**given)
    assert sorted(path.name for path in drawn.folder.iterdir()) == [
        'boxes.json', 'masks.json', 'photos']


def test_masks_without_scores_keep_the_order_of_the_file(drawn, build):
    rewrite(drawn, lambda data: [a.pop('score') for a in data['annotations']])
    build()
    assert rows_of(drawn)['position'] == list(range(12))


def test_iou_with_another_file_is_that_of_the_whole_masks(drawn, build):
    """A quarter of the ellipse's box against the ellipse, by hand."""
    other = drawn.folder / 'other.json'
    data = json.loads(drawn.masks.read_text())
    box = [4, 6, 20, 24]
    assert data['annotations'][0]['segmentation'] == ellipse(box)
    x, y, w, h = box
    data['annotations'][0]['segmentation'] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    data['annotations'][1].pop('segmentation')
    other.write_text(json.dumps(data))
    build([('mal', drawn.masks), ('other', other)])
    ious = dict(zip(rows_of(drawn)['id'], rows_of(drawn)['ious'][0], strict=True))
    from mmdet_mal.structures.rle import rle_area
    assert ious['100'] == pytest.approx(rle_area(ellipse(box)) / (w * h), abs=1e-4)
    assert ious['101'] is None
    assert ious['102'] == 1


def test_real_photographs(coco_mini_root, tmp_path):
    """Human masks of coco_mini, polygons and crowds included."""
    masks = coco_mini_root / 'annotations' / 'instances_dev.json'
    summary = build_review([('human', masks)], coco_mini_root / 'images',
                           tmp_path / 'review.html', progress=False)
    assert (summary.boxes, summary.crowds, summary.no_picture) == (562, 6, [])
    # Three polygons of coco_mini dev are thinner than a pixel at most.
    assert summary.unfit['human'] <= 3
    pictures = list((tmp_path / 'review_files' / 'crops').rglob('*.jpg'))
    assert len(pictures) >= 559
