"""What a label run has done, in words and numbers."""

from mmdet_mal.labelling.summary import KEPT_REASONS, LISTED, LabelSummary


def test_many_reasons_are_kept_to_a_thousand_and_counted():
    summary = LabelSummary('x.json')
    for _ in range(2):
        for i in range(KEPT_REASONS + 7):
            summary.add_reason(f'image {i:05d} is gone')
    assert len(summary.reasons) == KEPT_REASONS
    assert set(summary.reasons.values()) == {2}
    assert summary.other_reasons == summary.as_dict()['other_reasons'] == 14
    lines = str(summary).split('\n')
    assert lines[-LISTED - 1] == '    image 00000 is gone (2 boxes)'
    assert lines[-1] == ('    … and 990 more, and others for 14 boxes')


def test_few_reasons_are_all_listed():
    summary = LabelSummary('x.json')
    summary.add_reason('b')
    summary.add_reason('a')
    assert str(summary).endswith('    a (1 boxes)\n    b (1 boxes)')
