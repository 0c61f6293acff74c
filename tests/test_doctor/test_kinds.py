"""Each kind of fault: a fixture, what is found, and what --fix makes of it."""

import codecs
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from mmdet_mal.doctor import KINDS, data_set_kind
from mmdet_mal.doctor.kinds import FIXES, LEFT, SEVERITIES

DOCS = Path(__file__).resolve().parents[2] / 'docs' / 'doctor.md'
CASES = []


def case(kind, *fixes, check='headers', bbox_format=None, name=''):
    """Register a function that breaks a world in one place.

    ``fixes`` are what --fix does with each finding of ``kind``.
    """
    def register(function):
        CASES.append(pytest.param(
            kind, sorted(fixes), check, bbox_format, function,
            id=name or function.__name__.strip('_')))
        return function
    return register


def change(kind, fix, target, name, /, **values):
    """A case that sets keys of the first annotation, image or category."""
    @case(kind, fix, name=name)
    def _(world):
        entry = {'annotation': world.first, 'image': world.image,
                 'category': world.data['categories'][0]}[target]
        for key, value in values.items():
            if value is ...:
                del entry[key]
            else:
                entry[key] = value


def of_json(kind, fix, name, transform):
    """A case that makes the bytes of the JSON."""
    @case(kind, fix, name=name)
    def _(world):
        world.raw = transform(json.dumps(world.data))


# ---------------------------------------------------------------------- file
of_json('json_encoding', 'left', 'latin_1',
        lambda text: text.replace('cat', 'chat à').encode('latin-1'))
of_json('json_encoding', 'repaired', 'utf_16',
        lambda text: text.replace('cat', 'kätzchen').encode('utf-16'))
of_json('json_encoding', 'repaired', 'utf_32', lambda text: text.encode('utf-32'))
of_json('json_encoding', 'left', 'torn_utf_16',
        lambda text: text.encode('utf-16')[:-1])
of_json('json_bom', 'repaired', 'bom',
        lambda text: codecs.BOM_UTF8 + text.encode())
of_json('json_truncated', 'left', 'cut_in_a_number',
        lambda text: text[:text.index('"area"') - 4].encode())
of_json('json_truncated', 'left', 'cut_behind_an_entry',
        lambda text: text[:text.index('}, {"id": 12') + 1].encode())
of_json('json_truncated', 'left', 'empty', lambda text: b'')
of_json('json_syntax', 'left', 'comma_missing',
        lambda text: text.replace('"categories"', ' x "categories"').encode())
of_json('json_syntax', 'left', 'two_documents', lambda text: (text * 2).encode())
of_json('not_coco', 'left', 'predictions', lambda text: json.dumps(
    [dict(image_id=1, category_id=1, bbox=[1, 2, 3, 4], score=.5)]).encode())
of_json('not_coco', 'left', 'bare_annotations', lambda text: json.dumps(
    json.loads(text)['annotations']).encode())
of_json('not_coco', 'left', 'a_number', lambda text: b'7')
of_json('list_missing', 'left', 'no_categories', lambda text: json.dumps(
    {k: v for k, v in json.loads(text).items() if k != 'categories'}).encode())
of_json('list_type', 'left', 'images_by_id', lambda text: json.dumps(
    {**json.loads(text), 'images': {'1': {}}}).encode())
of_json('key_duplicate', 'repaired', 'key_twice',
        lambda text: (text[:-1] + ', "info": {"year": 7}}').encode())


@case('entry_type', 'dropped', 'dropped', 'dropped')
def entries_of_other_types(world):
    world.data['annotations'].insert(1, 17)
    world.data['images'].append(None)
    world.data['categories'].append('bird')


@case('images_all_missing', 'left')
def no_image_is_there(world):
    world.files = {'notes.txt': b''}


@case('images_all_missing', 'repaired')
def all_images_lie_elsewhere(world):
    for image in world.data['images']:
        image['file_name'] = 'C:/photos/' + image['file_name']


@case('json_literals', 'repaired')
def nan_beside_the_boxes(world):
    world.first['confidence'] = float('nan')
    world.data['info']['version'] = [1, float('inf')]


@case('bbox_xyxy', 'left')
def corners(world):
    world.data['annotations'] = [world.annotation(
        i, 1 + i % 3, [50 + i, 40 + i, 110 + i, 90 + i]) for i in range(1, 21)]


@case('bbox_xyxy', *['repaired'] * 20, bbox_format='xyxy')
def corners_told(world):
    corners(world)


@case('bbox_normalised', 'left')
def fractions(world):
    world.data['annotations'] = [world.annotation(
        i, 1 + i % 3, [.01 * i, .3, .2, .5]) for i in range(1, 21)]


@case('bbox_normalised', *['repaired'] * 20, bbox_format='cxcywhn')
def fractions_told(world):
    world.data['annotations'] = [world.annotation(
        i, 1 + i % 3, [.4 + .01 * i, .3, .2, .5]) for i in range(1, 21)]


@case('bbox_normalised', 'left', bbox_format='xywhn')
def fractions_of_an_unknown_size(world):
    world.files.pop('1.png')
    world.image['height'] = 0
    world.data['annotations'] = [world.annotation(1, 1, [.1, .2, .3, .4])]


# -------------------------------------------------------------------- images
change('image_id_missing', 'repaired', 'image', 'image_without_id', id=...)
change('image_id_missing', 'repaired', 'image', 'image_id_a_list', id=[1])
change('file_name_missing', 'left', 'image', 'no_file_name', file_name=None)
change('image_size_missing', 'repaired', 'image', 'size_from_the_file',
       height=None, width=...)
change('image_size_missing', 'repaired', 'image', 'size_as_text', height='120')
change('image_size_missing', 'repaired', 'image', 'size_as_float', width=160.)
change('image_size', 'repaired', 'image', 'other_size', height=100, width=90)
change('image_size_swapped', 'repaired', 'image', 'swapped', height=160,
       width=120)
change('file_name_absolute', 'left', 'image', 'absolute_elsewhere',
       file_name=str(Path(__file__)))
change('file_name_elsewhere', 'repaired', 'image', 'other_folder',
       file_name='train2017/1.png')
change('file_name_elsewhere', 'repaired', 'image', 'other_machine',
       file_name='/home/somebody/data/1.png')
change('file_name_elsewhere', 'repaired', 'image', 'other_windows_machine',
       file_name='D:\\data\\1.png')
change('image_missing', 'left', 'image', 'missing', file_name='0.png')
change('image_missing', 'left', 'image', 'null_byte', file_name='a\0/b.png')


@case('image_size_missing', 'left', check='none')
def size_from_nowhere(world):
    world.image['height'] = 0


@case('image_id_duplicate', 'dropped')
def image_twice(world):
    world.data['images'].append(dict(world.image))


@case('image_id_duplicate', 'left')
def two_images_of_one_id(world):
    world.data['images'][1]['id'] = 1
    del world.data['annotations'][1]


@case('file_name_duplicate', 'left')
def file_of_two_images(world):
    world.data['images'][1]['file_name'] = '1.png'


@case('file_name_absolute', 'repaired')
def absolute_in_the_folder(world):
    world.image['file_name'] = str(world.images_dir / '1.png')


@case('file_name_absolute', 'left', check='none')
def absolute_unseen(world):
    world.image['file_name'] = 'C:\\photos\\1.png'


@case('file_name_parent', 'left')
def up_and_down(world):
    world.image['file_name'] = '../images/1.png'


@case('file_name_parent', 'left', check='none')
def up_and_down_unseen(world):
    world.image['file_name'] = '../images/1.png'


@case('file_name_backslash', 'repaired')
def backslash(world):
    world.files['sub/1.png'] = world.files.pop('1.png')
    world.image['file_name'] = 'sub\\1.png'


@case('file_name_backslash', 'repaired', check='none')
def backslash_unseen(world):
    world.image['file_name'] = 'sub\\1.png'


@case('file_name_case', 'repaired', check='exists')
def other_case(world):
    world.files['Photo.PNG'] = world.files.pop('1.png')
    world.image['file_name'] = 'photo.png'


@case('image_missing', 'left')
def two_files_differ_in_case(world):
    world.files['A.png'] = world.files['a.png'] = world.files.pop('1.png')
    world.image['file_name'] = 'a.PNG'


@case('file_name_extension', 'repaired')
def other_extension(world):
    world.image['file_name'] = '1.jpg'


@case('image_unreadable', 'left')
def no_image(world):
    world.files['1.png'] = b'<html>404</html>'


@case('image_truncated', 'left')
def truncated(world):
    world.files['1.png'] = world.files['1.png'][:1000]


@case('image_truncated', 'left')
def empty_file(world):
    world.files['1.png'] = b''


@case('image_unreadable', 'left', check='decode')
def broken_inside(world):
    content = bytearray(world.files['1.png'])
    content[41:3000] = bytes(2959)
    world.files['1.png'] = bytes(content)


@case('image_size', 'left')
def other_size_than_the_boxes(world):
    world.files['1.png'] = world.encode((50, 40))


def _exif():
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@case('image_size_swapped', 'left')
def turned_by_exif(world):
    world.files['1.jpg'] = world.encode((120, 160), '1.jpg', exif=_exif())
    world.image['file_name'] = '1.jpg'


@case('image_exif', 'left')
def exif(world):
    world.files['1.jpg'] = world.encode(name='1.jpg', exif=_exif())
    world.image['file_name'] = '1.jpg'


@case('image_animated', 'left')
def pages(world):
    pages = [Image.new('RGB', (160, 120), c) for c in ('red', 'blue')]
    world.files['1.tif'] = world.encode(
        name='1.tif', save_all=True, append_images=pages)
    world.image['file_name'] = '1.tif'


@case('image_depth', 'left')
def sixteen_bits(world):
    world.files['1.png'] = world.encode(mode='I;16')


@case('image_cmyk', 'left')
def cmyk(world):
    world.files['1.jpg'] = world.encode(name='1.jpg', mode='CMYK')
    world.image['file_name'] = '1.jpg'


@case('image_alpha', 'left')
def alpha(world):
    world.files['1.png'] = world.encode(mode='RGBA')


@case('image_alpha', 'left')
def palette_with_transparency(world):
    world.files['1.png'] = world.encode(mode='P', transparency=3)


@case('image_format', 'left')
def png_called_jpg(world):
    world.files['1.jpg'] = world.files.pop('1.png')
    world.image['file_name'] = '1.jpg'


@case('image_identical', 'left', check='decode')
def same_bytes(world):
    world.files['2.png'] = world.files['1.png']


@case('image_not_listed', 'left', 'left', check='exists')
def unlisted(world):
    world.files |= {'8.png': b'', '9.jpg': b'', 'notes.txt': b''}


@case('image_without_boxes', 'left')
def no_boxes(world):
    world.data['annotations'].pop()


@case('boxes_other_size', 'left')
def boxes_of_the_full_size(world):
    for i in range(4):
        world.add(20 + i, 2, [100 + 30 * i, 90, 40, 60 + i])


# ---------------------------------------------------------------- categories
change('category_entry', 'dropped', 'category', 'category_without_id', id=...)
change('category_entry', 'dropped', 'category', 'category_of_65_bits', id=2**64)
change('category_entry', 'repaired', 'category', 'category_id_text', id='1')
change('category_entry', 'repaired', 'category', 'category_without_name',
       name=...)
change('category_entry', 'left', 'category', 'category_id_text_and_taken',
       id='2')
change('category_id_duplicate', 'left', 'category', 'two_names', id=2)
change('category_name_duplicate', 'left', 'category', 'one_name', name='dog')
change('category_name_space', 'repaired', 'category', 'blank', name=' cat')
change('category_id_zero', 'left', 'category', 'zero', id=0)
change('category_ids_not_1_to_n', 'left', 'category', 'gap', id=9)


@case('category_id_duplicate', 'dropped')
def category_twice(world):
    world.data['categories'].append(dict(id=1, name='cat', more=1))


@case('category_unused', 'left')
def unused(world):
    world.data['categories'].append(dict(id=3, name='bird'))


# --------------------------------------------------------------- annotations
change('ann_id_missing', 'repaired', 'annotation', 'no_id', id=...)
change('ann_id_missing', 'repaired', 'annotation', 'id_true', id=True)
change('ann_id_missing', 'repaired', 'annotation', 'uuid', id='7f-a')
change('ann_id_type', 'repaired', 'annotation', 'id_text', id='11')
change('ann_id_type', 'repaired', 'annotation', 'id_float', id=11.)
change('ann_id_type', 'repaired', 'annotation', 'id_text_and_taken', id='12')
change('ann_id_overflow', 'repaired', 'annotation', 'id_of_65_bits', id=2**64)
change('image_id_unknown', 'dropped', 'annotation', 'image_unknown',
       image_id=99)
change('image_id_unknown', 'dropped', 'annotation', 'image_an_object',
       image_id={})
change('image_id_type', 'repaired', 'annotation', 'image_text', image_id='1')
change('category_id_unknown', 'dropped', 'annotation', 'category_unknown',
       category_id=99)
change('category_id_unknown', 'dropped', 'annotation', 'category_a_list',
       category_id=[1])
change('category_id_type', 'repaired', 'annotation', 'category_text',
       category_id='1')
change('bbox_missing', 'dropped', 'annotation', 'bbox_absent', bbox=...)
change('bbox_missing', 'dropped', 'annotation', 'bbox_null', bbox=None)
change('bbox_text', 'repaired', 'annotation', 'bbox_of_text',
       bbox=['10', ' 1.5', '6e1', 50])
change('bbox_malformed', 'dropped', 'annotation', 'bbox_of_three',
       bbox=[1, 2, 3])
change('bbox_malformed', 'dropped', 'annotation', 'bbox_of_words',
       bbox=['1', '2', 'nan', 'x'])
change('bbox_malformed', 'dropped', 'annotation', 'bbox_an_object',
       bbox=dict(x=1, y=2, w=3, h=4))
change('bbox_malformed', 'dropped', 'annotation', 'bbox_huge',
       bbox=[10**400, 1, 2, '3'])
change('bbox_nan', 'dropped', 'annotation', 'bbox_with_nan',
       bbox=[1, float('nan'), 5, 5])
change('bbox_nan', 'dropped', 'annotation', 'bbox_infinite',
       bbox=[1, 1, float('inf'), 5])
change('bbox_reversed', 'repaired', 'annotation', 'bbox_right_to_left',
       bbox=[70, 10, -60, 50])
change('bbox_zero', 'dropped', 'annotation', 'bbox_flat', bbox=[5, 5, 50, 0])
change('bbox_outside', 'dropped', 'annotation', 'bbox_beyond',
       bbox=[160, 10, 60, 50])
change('bbox_clipped', 'repaired', 'annotation', 'bbox_sticks_out',
       bbox=[-10, 100, 60, 50])
change('bbox_subpixel', 'left', 'annotation', 'bbox_thin',
       bbox=[5, 5, .5, 60])
change('bbox_whole_image', 'left', 'annotation', 'bbox_of_everything',
       bbox=[0, 0, 160, 120])
change('iscrowd_value', 'repaired', 'annotation', 'crowd_false', iscrowd=False)
change('iscrowd_value', 'repaired', 'annotation', 'crowd_text', iscrowd='0')
change('iscrowd_value', 'repaired', 'annotation', 'crowd_null', iscrowd=None)
change('iscrowd_value', 'repaired', 'annotation', 'crowd_float', iscrowd=1.)
change('iscrowd_value', 'left', 'annotation', 'crowd_two', iscrowd=2)
change('iscrowd_value', 'left', 'annotation', 'crowd_a_list', iscrowd=[])
change('iscrowd_missing', 'repaired', 'annotation', 'crowd_absent', iscrowd=...)
change('crowd_bbox', 'left', 'annotation', 'crowd_without_bbox', bbox=...,
       iscrowd=1)
change('area_missing', 'left', 'annotation', 'area_absent', area=...)
change('area_differs', 'left', 'annotation', 'area_of_a_mask', area=1000)
change('segmentation_present', 'left', 'annotation', 'polygon',
       segmentation=[[1, 1, 9, 1, 9, 9]])


@case('ann_id_duplicate', 'repaired', 'repaired', 'repaired')
def one_id(world):
    world.data['annotations'][1]['id'] = world.data['annotations'][2]['id'] = 11


@case('ann_id_duplicate', 'repaired', 'repaired')
def one_id_at_the_end_of_64_bits(world):
    world.first['id'] = world.data['annotations'][1]['id'] = 2**63 - 1


@case('bbox_duplicate', 'dropped', 'dropped')
def copies(world):
    world.add(14, 1, [10., 10, 60, 50])
    world.add(15, 1, [10, 10, 60, 50])


@case('bbox_duplicate', 'dropped')
def copies_once_clipped(world):
    world.add(14, 1, [150, 10, 60, 50])
    world.add(15, 1, [150, 10, 80, 50])


@case('bbox_two_categories', 'left')
def two_categories(world):
    world.add(14, 1, [10, 10, 60, 50], category_id=2)


# --------------------------------------------------------------------- tests
def test_images_of_lvis_are_named_by_their_address(world):
    del world.image['file_name']
    world.image['coco_url'] = 'http://images.cocodataset.org/1.png'
    world.write()
    assert not world.examine('headers').diagnosis.counts


def test_a_sound_file_has_no_finding(world):
    world.write()
    for check in ('none', 'exists', 'headers', 'decode'):
        diagnosis = world.examine(check).diagnosis
        assert diagnosis.counts == {}, str(diagnosis)
        assert diagnosis.exit_code == 0
    assert 'nothing is wrong' in str(diagnosis)


@pytest.mark.parametrize('kind, fixes, check, bbox_format, breaks', CASES)
def test_kind(kind, fixes, check, bbox_format, breaks, world):
    breaks(world)
    world.write()
    before = world.path.read_bytes()
    stamps = {path: path.stat().st_mtime_ns for path in world.root.rglob('*.*')}
    examination = world.examine(check, bbox_format)
    diagnosis = examination.diagnosis

    found = [f for f in diagnosis.findings() if f.kind == kind]
    assert sorted(diagnosis.fixes[kind].elements()) == fixes
    assert sum(f.count for f in found) == len(fixes)
    assert f'{KINDS[kind].severity} {kind} ({len(fixes)})' in str(diagnosis)
    expected = {'fatal': 2, 'error': 1, 'repair': 1}.get(KINDS[kind].severity, 0)
    assert diagnosis.exit_code >= expected
    assert bool(diagnosis.fatal) == (diagnosis.exit_code == 2)

    mendable = examination.images is not None and not examination.suspicion
    if mendable:
        out, repair = world.fix(examination)
        text = out.read_text(encoding='utf-8')
        json.loads(text, parse_constant=lambda c: pytest.fail(f'{c} written'))
        again = world.examine(check, path=out).diagnosis
        # What a rule repairs or drops is gone; nothing needs a second round.
        assert all(set(fixes) == {LEFT} for fixes in again.fixes.values()), again
        if LEFT not in fixes:
            assert kind not in again.counts
        assert sorted(repair.fixes[kind].elements()) == fixes
    assert world.path.read_bytes() == before
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


def test_every_kind_has_a_case():
    assert {param.values[0] for param in CASES} == set(KINDS)
    assert len(KINDS) >= 30


def test_every_way_of_fixing_has_a_case_that_its_rule_states():
    for name, kind in KINDS.items():
        fixes = {fix for param in CASES if param.values[0] == name
                 for fix in param.values[1]}
        assert fixes <= set(FIXES)
        only_left = kind.rule.startswith('left: ') or kind.rule == 'nothing'
        assert (fixes == {LEFT}) == only_left, name
        if ('else left' in kind.rule or 'else both' in kind.rule):
            assert LEFT in fixes and len(fixes) > 1, name
        if 'dropped' in kind.rule:
            assert 'dropped' in fixes or name in ('json_literals',), name


def test_the_docs_list_every_kind_as_it_is():
    rows = re.findall(r'^\| `(\w+)` \| (\w+) \| (.+?) \| (.+?) \|$',
                      DOCS.read_text(encoding='utf-8'), re.MULTILINE)
    assert rows == [(k.name, k.severity, k.meaning, k.rule)
                    for k in KINDS.values()]


def test_kinds_are_sorted_by_severity_and_refine_kinds_of_the_data_set():
    order = [SEVERITIES.index(kind.severity) for kind in KINDS.values()]
    assert order == sorted(order)
    known = {'ann_id_missing', 'image_id_unknown', 'category_id_unknown',
             'bbox_malformed', 'image_entry', 'image_missing',
             'image_unreadable', 'image_size'}
    assert {data_set_kind(name) for name in KINDS} - set(KINDS) <= known
    assert {kind.part_of for kind in KINDS.values()} <= known | {''}
