import json
import math

import pytest

from mmdet_mal.evaluation.retention import (find_mask_ap, read_mask_ap, retention,
                                            retention_rows)
from mmdet_mal.utils.errors import UserError


def write_log(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(json.dumps(line) + '\n' for line in lines))
    return path


def coco(ap, **more):
    return {'coco/bbox_mAP': .5, 'coco/segm_mAP': ap, 'coco/segm_mAP_50': .6,
            'coco/segm_mAP_s': -1.0, 'step': 12, **more}


def test_the_last_evaluation_counts(tmp_path):
    log = write_log(tmp_path / 'scalars.json', dict(loss=1., step=1),
                    coco(.2), coco(.3), dict(loss=.5, step=3))
    # -1 says that no small object occurs; it is no AP.
    assert read_mask_ap(log) == dict(AP=.3, AP50=.6)


def test_the_newest_log_of_a_work_folder_counts(tmp_path):
    import os
    old = write_log(tmp_path / '1' / 'vis_data' / 'scalars.json', coco(.1))
    new = write_log(tmp_path / '2' / 'vis_data' / 'scalars.json', coco(.4))
    write_log(tmp_path / '3' / 'notes.json', dict(loss=1.))
    os.utime(old, (1, 1))
    os.utime(new, (2, 2))
    assert read_mask_ap(tmp_path)['AP'] == .4


def test_lvis_names_are_known(tmp_path):
    log = write_log(tmp_path / 'a.json', {'lvis/segm_AP': .2,
                                          'lvis/segm_APs': .1})
    assert read_mask_ap(log) == dict(AP=.2, APs=.1)


def test_a_result_in_one_indented_object_is_read(tmp_path):
    path = tmp_path / 'result.json'
    path.write_text(json.dumps({'coco/segm_mAP': .25}, indent=2))
    assert read_mask_ap(path) == dict(AP=.25)


def test_table_by_hand():
    rows = retention_rows(dict(AP=.35, AP50=.5), dict(AP=.375, AP50=.6, APs=.1))
    assert rows == [['masks', 'AP', 'AP50'], ['MAL', '35.0', '50.0'],
                    ['human', '37.5', '60.0'], ['retention %', '93.3', '83.3']]


def test_retention_of_nothing_is_nan():
    assert math.isnan(retention(dict(AP=.1), dict(AP=0.))['AP'])
    assert retention_rows(dict(AP=.1), dict(AP=0.))[-1] == ['retention %', '-']


@pytest.mark.parametrize('content, message', [
    pytest.param(None, 'no such log', id='absent'),
    pytest.param('not json', 'no log of MMEngine', id='not JSON'),
    pytest.param('[1, 2]', 'no log of MMEngine', id='a list'),
    pytest.param('{"loss": 1}', 'no evaluation at all', id='training only'),
    pytest.param('{"coco/bbox_mAP": 0.4}', 'only box AP', id='boxes only'),
])
def test_mistakes_are_one_line(tmp_path, content, message):
    path = tmp_path / 'log.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message) as error:
        read_mask_ap(path)
    assert '\n' not in str(error.value) and str(path) in str(error.value)


def test_a_log_for_people_is_read(tmp_path):
    path = tmp_path / 'run.log'
    path.write_text(
        '2026/01/01 - mmengine - INFO - Epoch(train) [1][5/9]  loss: 1.0\n'
        '2026/01/01 - mmengine - INFO - Epoch(val) [11][5/5]    '
        'coco/segm_mAP: 0.1000\n'
        '2026/01/01 - mmengine - INFO - Epoch(val) [12][5/5]    coco/bbox_mAP: '
        '0.4000  coco/segm_mAP: 0.3500  coco/segm_mAP_50: 0.5500  '
        'coco/segm_mAP_s: -1.0000\n')
    found = find_mask_ap(path)
    assert found.scores == dict(AP=.35, AP50=.55)
    assert (found.kind, found.step) == ('coco', 12)


def test_a_log_of_mmdetection_2_is_read(tmp_path):
    log = write_log(tmp_path / 'a.log.json', dict(env_info='x'),
                    dict(mode='val', epoch=36, segm_mAP=.35, segm_mAP_50=.5))
    found = find_mask_ap(log)
    assert (found.scores['AP'], found.kind, found.step) == (.35, '', 36)
