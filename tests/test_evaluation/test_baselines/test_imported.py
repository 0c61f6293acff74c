"""Another tool's masks find their boxes, by id or by place."""

import json

import numpy as np
import pytest

from mmdet_mal.cli import import_masks as verb
from mmdet_mal.evaluation.baselines.imported import MIN_IOU, import_masks
from mmdet_mal.structures.rle import rle_to_mask
from mmdet_mal.utils.errors import UserError

SIZE = (50, 80)
BOXES = {1: (5, 5, 20, 20), 2: (15, 5, 20, 20), 3: (50, 20, 16, 24)}


def square(x, y, w, h):
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


@pytest.fixture
def files(tmp_path):
    """Writes boxes and masks; ``masks`` are (id, box, more) of a foreign tool."""

    def write(masks, image=None, boxes=BOXES):
        image = dict(dict(id=7, file_name='a.png', height=SIZE[0],
                          width=SIZE[1]), **(image or {}))
        (tmp_path / 'boxes.json').write_text(json.dumps(dict(
            images=[dict(id=3, file_name='a.png', height=SIZE[0],
                         width=SIZE[1])],
            categories=[dict(id=1, name='x')],
            annotations=[dict(id=i, image_id=3, category_id=1, iscrowd=0,
                              bbox=list(box)) for i, box in boxes.items()])))
        (tmp_path / 'masks.json').write_text(json.dumps(dict(
            images=[image], categories=[],
            annotations=[dict(dict(
                id=i, image_id=7, category_id=5, bbox=list(box),
                segmentation=square(*box)), **more) for i, box, more in masks])))
        return tmp_path / 'boxes.json', tmp_path / 'masks.json'

    def run(masks, min_iou=MIN_IOU, **more):
        out = tmp_path / 'out.json'
        summary = import_masks(*write(masks, **more), out, min_iou)
        return summary, {ann['id']: ann for ann in
                         json.loads(out.read_text())['annotations']}

    run.write = write
    return run


def test_masks_are_taken_by_id_and_by_box(files):
    """1 by id; 2 under another id; 3 has none; one mask is left over."""
    summary, out = files([
        (1, BOXES[1], dict(score=.8)), (77, (16, 6, 20, 20), {}),
        (78, (0, 40, 5, 5), {})])
    assert summary.matched == dict(id=1, box=1)
    assert summary.unmatched == [3] and summary.left_over == 1
    assert rle_to_mask(out[1]['segmentation']).sum() == 400
    assert (out[1]['score'], out[1]['mal']['matched']) == (.8, 'id')
    assert (out[2]['score'], out[2]['mal']['matched']) == (1, 'box')
    iou = 19 * 19 / (800 - 19 * 19)
    assert out[2]['mal']['matched_iou'] == pytest.approx(iou, abs=1e-4)
    assert out[3]['mal']['fallback'] == 'no_imported_mask'
    assert out[3]['area'] == 16 * 24


def test_an_id_of_another_object_is_not_believed(files):
    summary, out = files([(3, BOXES[1], {})])
    assert summary.matched == dict(box=1)
    assert out[1]['mal']['matched'] == 'box' and 'fallback' in out[3]['mal']


def test_a_mask_goes_to_one_box_only_and_the_sum_decides(files):
    """Both masks fit box 1 best; the second one fits box 2 too."""
    summary, out = files([(50, (5, 5, 20, 20), {}), (51, (9, 5, 20, 20), {})])
    assert summary.matched == dict(box=2)
    assert rle_to_mask(out[1]['segmentation'])[:, 5].any()
    assert not rle_to_mask(out[2]['segmentation'])[:, 5].any()


def test_the_limit_is_kept(files):
    masks = [(50, (8, 5, 20, 20), {}), (51, BOXES[3], {})]
    assert files(masks, min_iou=.9)[0].unmatched == [1, 2]
    assert files(masks, min_iou=.6)[0].unmatched == [2]


def test_a_mask_without_a_box_has_that_of_its_pixels(files):
    summary, _ = files([(50, BOXES[1], dict(bbox=None)),
                        (51, BOXES[2], dict(bbox=[0, 0, -1, 'x']))])
    assert summary.matched == dict(box=2)


@pytest.mark.parametrize('score', [None, True, 'high', -1, 7, float('nan')])
def test_a_score_that_is_none_is_not_taken_over(files, score):
    assert files([(1, BOXES[1], dict(score=score))])[1][1]['score'] == 1


def test_crowds_and_empty_masks_are_no_candidates(files):
    summary, _ = files([
        (1, BOXES[1], {}), (2, BOXES[2], dict(iscrowd=1)),
        (3, BOXES[3], dict(segmentation=dict(size=list(SIZE),
                                             counts=[SIZE[0] * SIZE[1]])))])
    assert summary.matched == dict(id=1) and summary.unmatched == [2, 3]


@pytest.mark.parametrize('masks, image, reason', [
    ([(1, BOXES[1], {})], dict(file_name='b.png'), 'none of its masks is of an image'),
    ([(1, (70, 1, 5, 5), {})], {}, 'none of its boxes overlaps'),
    ([(9, BOXES[1], dict(segmentation=[[1, 2]]))], {}, 'annotation 9: .*polygon'),
    ([(9, BOXES[1], dict(segmentation='<b>'))], {}, 'annotation 9: '),
    ([(1, BOXES[1], {})], dict(height=60), r'annotation 1 is of an image of \[60'),
], ids=['other image', 'no overlap', 'no polygon', 'text', 'other size'])
def test_files_that_do_not_fit_say_so_in_one_line(files, masks, image, reason):
    with pytest.raises(UserError, match=reason) as caught:
        files(masks, image=image)
    assert 'masks.json' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('limit', [0, -1, 1.5, float('nan')])
def test_a_limit_that_is_no_iou_is_refused(files, limit):
    with pytest.raises(UserError, match='--min-iou'):
        files([(1, BOXES[1], {})], min_iou=limit)


def test_the_verb_counts(files, tmp_path, capsys):
    from mmdet_mal.cli.main import main
    assert verb.MIN_IOU == MIN_IOU
    boxes, masks = files.write([(1, BOXES[1], {})])
    main(['import-masks', str(boxes), str(masks), '--out',
          str(tmp_path / 'out.json')])
    printed = capsys.readouterr().out
    assert '1 masks by annotation id, 0 by their box, 2 boxes without' in printed
    assert 'annotations 2, 3' in printed
    with pytest.raises(SystemExit) as caught:
        main(['import-masks', str(boxes), str(masks), '--out', str(boxes)])
    assert caught.value.code == 2


def test_the_masks_of_a_box_file_are_not_looked_at(files, tmp_path):
    boxes, masks = files.write([(1, BOXES[1], {})])
    data = json.loads(boxes.read_text())
    data['annotations'][2]['segmentation'] = square(*BOXES[1])
    boxes.write_text(json.dumps(data))
    import_masks(boxes, masks, tmp_path / 'out.json')
    out = json.loads((tmp_path / 'out.json').read_text())['annotations'][2]
    assert np.array_equal(np.flatnonzero(rle_to_mask(out['segmentation']).any(0)),
                          np.arange(50, 66))
