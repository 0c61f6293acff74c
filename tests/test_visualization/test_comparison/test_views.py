"""Pages that show several masks of a box side by side."""

import json

import numpy as np
import pytest
from PIL import Image

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.comparison.contact_sheet import (PAGE, contact_pages,
                                                              write_pages)
from mmdet_mal.visualization.comparison.run import choose_boxes, compare_pages
from mmdet_mal.visualization.comparison.views import ComparisonView, comparison_views

from ..conftest import HOSTILE

AREAS = np.array([100., 2000, 3000, 4000, np.nan, 500])
VALUES = np.array([.5, .9, .1, .7, .3, np.nan])


@pytest.mark.parametrize('order, number, min_area, expected', [
    ('worst', 2, 0, [2, 0]), ('best', 2, 0, [1, 3]), ('file', 3, 0, [0, 1, 2]),
    ('spread', 2, 0, [2, 1]), ('spread', 9, 0, [2, 0, 3, 1]),
    ('worst', 9, 1000, [2, 3, 1]), ('best', 1, 9999, []),
    ('file', 9, 0, [0, 1, 2, 3, 5]),
])
def test_choice_of_boxes(order, number, min_area, expected):
    chosen = choose_boxes(VALUES, AREAS, order, number, min_area)
    assert chosen.tolist() == expected


def test_each_box_has_a_picture_of_each_file(run):
    views = comparison_views(
        [dict(annotation_id=2, file_name='1.png'),
         dict(annotation_id=5, file_name='2.png')],
        dict(a=str(run / 'masks.json'), b=str(run / 'masks.json')),
        str(run / 'human.json'), str(run / 'photos'), size=100)
    for view in views:
        box, a, b, human = view.pictures
        assert np.array_equal(a, b) and not np.array_equal(a, human)
        assert not np.array_equal(a, box) and not view.note


def test_missing_masks_and_images_are_noted(run):
    data = json.loads((run / 'human.json').read_text())
    data['annotations'] = data['annotations'][:3]
    (run / 'few.json').write_text(json.dumps(data))
    views = comparison_views(
        [dict(annotation_id=5, file_name='2.png'),
         dict(annotation_id=1, file_name='absent.png'),
         dict(annotation_id=777, file_name='1.png')],
        dict(a=str(run / 'masks.json')), str(run / 'few.json'),
        str(run / 'photos'))
    assert views[0].note == 'no annotation 5 in human'
    assert len(views[0].pictures) == 3
    assert not views[1].pictures and 'absent.png' in views[1].note
    assert not views[2].pictures


def test_pages_from_label_files(run):
    pages = compare_pages(
        str(run / 'masks.json'), str(run / 'photos'),
        human=str(run / 'human.json'), more=[f"also={run / 'human.json'}"])
    # Four pictures a box leave no room for two boxes beside each other.
    assert len(pages) == 2 and pages[0].size == PAGE[::-1]
    page = np.asarray(pages[0]).astype(int)
    # Green of the masks, and more than the heading in black.
    assert ((page - (90, 225, 70)) ** 2).sum(2).min() < 200
    # Worst first shows the same boxes in another order.
    worst = compare_pages(str(run / 'masks.json'), str(run / 'photos'),
                          order='best', human=str(run / 'human.json'))
    assert not np.array_equal(page, np.asarray(worst[0]))


def test_pages_are_filled_and_numbered():
    tile = np.zeros((50, 50, 3), np.uint8)
    views = [ComparisonView(i, 'a.jpg', [tile] * 3) for i in range(40)]
    pages = contact_pages(views, ['box', 'MAL', 'human'], ['x'] * 40)
    assert len(pages) == 3
    # Tiles on a page: each is a black square on a light ground.
    dark = [(np.asarray(page).max(2) == 0).sum() for page in pages]
    assert dark[0] == dark[1] > dark[2] > 0


def test_hostile_captions_and_headings():
    view = ComparisonView(1, HOSTILE, [], HOSTILE * 9)
    page, = contact_pages([view], [HOSTILE * 5], [HOSTILE * 9 + '\x00\n\u202e'])
    # Nothing runs over the right margin.
    assert (np.asarray(page)[:, -40:] == 255).all()


def test_files(tmp_path):
    pages = [Image.new('RGB', (40, 60), colour) for colour in ('red', 'blue')]
    assert write_pages(f'{tmp_path}/a.pdf', pages) == [f'{tmp_path}/a.pdf']
    content = (tmp_path / 'a.pdf').read_bytes()
    assert content.startswith(b'%PDF') and content.count(b'/Type /Page\n') in (0, 2)
    written = write_pages(f'{tmp_path}/a.png', pages)
    assert [Image.open(p).getpixel((1, 1)) for p in written] == [
        (255, 0, 0), (0, 0, 255)]
    assert write_pages(f'{tmp_path}/one.png', pages[:1]) == [f'{tmp_path}/one.png']
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        'a.pdf', 'a_01.png', 'a_02.png', 'one.png']


@pytest.mark.parametrize('options, words', [
    (dict(order='other'), '--order other'), (dict(number=0), '--boxes 0'),
    (dict(more=['x']), '--more x: expected NAME=MASKS.json'),
    (dict(more=['MAL=x.json']), 'no other picture has'),
    (dict(more=['human=x.json']), 'no other picture has'),
    (dict(min_area=1e9), 'no box of at least'),
    (dict(more=['x=absent.json']), 'absent.json'),
])
def test_what_a_person_can_mend(run, options, words):
    with pytest.raises(UserError, match=words):
        compare_pages(str(run / 'masks.json'), str(run / 'photos'), **options)


def test_other_suffix(tmp_path):
    with pytest.raises(UserError, match='.pdf or .png'):
        write_pages(f'{tmp_path}/a.jpg', [Image.new('RGB', (4, 4))])
