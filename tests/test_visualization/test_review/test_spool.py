"""What is set aside comes back."""

import pytest

from mmdet_mal.visualization.review.spool import MaskSpool


def test_entries_come_back_in_any_order(tmp_path):
    with MaskSpool(str(tmp_path / 'spool'), 4) as spool:
        spool.put(2, ['a\nb', 1])
        spool.put(0, ['é\u2028', None])
        assert spool.get(0) == ['é\u2028', None]
        spool.put(3, [])
        assert spool.get(2) == ['a\nb', 1]
        assert spool.get(1) is None
        assert 1 not in spool and 3 in spool
        assert spool.count == 3


def test_the_last_entry_of_a_row_counts(tmp_path):
    with MaskSpool(str(tmp_path / 'spool'), 1) as spool:
        spool.put(0, 'first')
        spool.put(0, 'second')
        assert spool.get(0) == 'second'
        assert spool.count == 1


def test_a_row_beyond_the_last_is_refused(tmp_path):
    with MaskSpool(str(tmp_path / 'spool'), 1) as spool, pytest.raises(IndexError):
        spool.put(1, 'x')
