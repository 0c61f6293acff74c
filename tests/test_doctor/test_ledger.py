"""Ids and boxes that occur again."""

import numpy as np
import pytest

from mmdet_mal.doctor.annotation_judge import Verdict
from mmdet_mal.doctor.ledger import Ledger


def _ledger(*entries):
    ledger = Ledger()
    for ann_id, row, category_id, bbox in entries:
        ledger.add(Verdict(ann_id=ann_id, row=row, category_id=category_id,
                           bbox=bbox))
    return ledger


def test_an_empty_file():
    ledger = Ledger()
    assert list(ledger.repeated_ids()) == []
    assert [len(part) for part in (*ledger.copies(), *ledger.new_ids())] == [0] * 4


def test_it_takes_25_bytes_a_box():
    ledger = _ledger(*[(i, 0, 1, [i, 1, 2, 3]) for i in range(100)])
    assert ledger.nbytes == 2500


def test_copies_are_of_one_image_and_told_apart_by_category():
    box = [1., 2., 3., 4.]
    ledger = _ledger(
        (1, 0, 5, box), (2, 1, 5, box), (3, 0, 5, [1, 2, 3, 4]),
        (4, 0, 6, box), (5, 0, 6, box), (6, 0, 5, [1, 2, 3, 4.0000001]),
        (7, -1, 5, box), (8, 0, 5, None), (9, 0, 5, None))
    copies, others = ledger.copies()
    assert copies.tolist() == [2, 4]
    assert others.tolist() == [3]


@pytest.mark.parametrize('one, other', [
    ([0., 0, 5, 5], [-0., 0, 5, 5]), ([1, 1, 5, 5], [1., 1., 5., 5.])])
def test_equal_numbers_are_equal_boxes(one, other):
    ledger = _ledger((1, 0, 1, one), (2, 0, 1, other))
    assert ledger.copies()[0].tolist() == [1]


def test_random_boxes_against_the_plain_way():
    rng = np.random.default_rng(0)
    entries = [(int(i), int(row), int(category), [int(x), -2, 1, 1])
               for i, row, category, x in rng.integers(
                   -3, 4, (400, 4)) + [0, 3, 0, 0]]
    ledger = _ledger(*entries)
    seen, copies = set(), []
    for position, (_, row, category, bbox) in enumerate(entries):
        key = (row, category, tuple(bbox))
        if key in seen:
            copies.append(position)
        seen.add(key)
    assert ledger.copies()[0].tolist() == copies
    ids = [entry[0] for entry in entries]
    assert list(ledger.repeated_ids()) == [
        (position, ids.count(id_)) for position, id_ in enumerate(ids)
        if ids.count(id_) > 1]
