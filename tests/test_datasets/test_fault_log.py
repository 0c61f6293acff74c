"""Many faults in little memory; the first ones are never lost."""

import pytest

from mmdet_mal.datasets import AnnotationError, Fault, FaultLog, raise_errors


def fault(i, kind='bbox_zero', severity='error'):
    return Fault(kind, 'a.png', 1, i, f'message {i}', severity)


def test_all_are_counted_and_the_first_of_each_kind_are_kept():
    log = FaultLog(limit=3)
    for i in range(1000):
        log.add(fault(i, ('bbox_zero', 'bbox_nan')[i % 2]), (i,))
    assert len(log) == log.num_errors == 1000
    assert log.counts == dict(bbox_zero=500, bbox_nan=500)
    assert [f.annotation_id for f in log] == list(range(6))


def test_kept_faults_come_in_the_order_of_their_places():
    log = FaultLog()
    log.add(fault(5), (1, 5))
    log.add(fault(9), (1, 9))
    log.add(fault(7, 'ann_id_duplicate'), (1, 7))
    log.add(fault(None, 'image_entry'), (0, 3))
    assert [f.annotation_id for f in log] == [None, 5, 7, 9]


def test_no_limit_keeps_all_and_limit_0_none():
    everything, nothing = FaultLog(limit=None), FaultLog(limit=0)
    for log in (everything, nothing):
        for i in range(200):
            log.add(fault(i), (i,))
    assert len(list(everything)) == 200 and list(nothing) == []
    assert len(nothing) == 200


def test_accepted_errors_are_counted_and_not_listed():
    log = FaultLog(accepted={1, 2})
    for i in range(4):
        log.add(fault(i), (i,))
    log.add(fault(1, 'bbox_clipped', 'repair'), (4,))
    assert (log.num_errors, log.num_accepted, len(log)) == (2, 2, 5)
    assert [f.annotation_id for f in log] == [0, 3, 1]
    with pytest.raises(AnnotationError, match='^x.json: 2 faults in the data:'):
        raise_errors(log, 'x.json')


def test_repairs_alone_are_no_error():
    log = FaultLog()
    log.add(fault(1, 'bbox_clipped', 'repair'), (0,))
    raise_errors(log, 'x.json')
    raise_errors([], 'x.json')


def test_error_of_a_million_faults_reads_as_if_all_had_been_kept():
    log = FaultLog()
    faults = [fault(i) for i in range(300)]
    for i, one in enumerate(faults):
        log.add(one, (i,))
    messages = []
    for these in (log, faults):
        with pytest.raises(AnnotationError) as error:
            raise_errors(these, 'x.json', 'do this')
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    lines = messages[0].split('\n')
    assert lines[0] == 'x.json: 300 faults in the data:'
    assert lines[50].endswith('message 49') and len(lines) == 53
    assert lines[51:] == ['  … and 250 more', 'do this']
