"""IoUs on disk, chunk by chunk."""

import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.variants.score_file import ScoreFile


def test_what_is_added_is_there_again(tmp_path):
    path = tmp_path / 'new' / 'scores.jsonl'
    scores = ScoreFile(path)
    assert scores.done == frozenset() and scores.ious() == {}
    scores.add(2, {7: {'a': .5}})
    scores.add(0, {9: {'a': .25}}, masks={9: 'x'})
    again = ScoreFile(path)
    assert again.done == {0, 2}
    assert again.ious() == {7: {'a': .5}, 9: {'a': .25}}
    assert [line.get('masks') for line in again.lines()] == [None, {'9': 'x'}]


def test_a_torn_line_is_cut_off_and_done_again(tmp_path):
    path = tmp_path / 'scores.jsonl'
    ScoreFile(path).add(0, {1: {'a': 1.}})
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"chunk": 1, "io')
    scores = ScoreFile(path)
    assert scores.done == {0} and path.read_bytes() == whole
    scores.add(1, {2: {'a': 0.}})
    assert ScoreFile(path).done == {0, 1}


@pytest.mark.parametrize('line', ['nonsense\n', '[1]\n', '{"ious": {}}\n', '3\n'])
def test_a_foreign_file_is_named(tmp_path, line):
    path = tmp_path / 'scores.jsonl'
    path.write_text(line)
    with pytest.raises(UserError, match='line 1 is not one of ours'):
        ScoreFile(path)
