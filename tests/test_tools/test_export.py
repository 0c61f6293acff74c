"""tools/export.py: a person's view of it."""

import json
import runpy
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'export.py'


@pytest.fixture
def export(monkeypatch):
    """Runs the tool in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['export.py', *map(str, arguments)])
        runpy.run_path(str(TOOL), run_name='__main__')

    return run


@pytest.fixture
def masks(tmp_path):
    path = tmp_path / 'masks.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, height=4, width=4)], categories=[],
        annotations=[dict(id=i, image_id=1, category_id=1, bbox=[0, 0, 2, 2],
                          score=i / 4, area=4) for i in range(5)])))
    return path


def test_counts_are_printed_and_bad_masks_left_out(export, masks, tmp_path, capsys):
    out = tmp_path / 'kept.json'
    export(masks, '--out', out, '--min-score', '.5')
    assert [a['id'] for a in json.loads(out.read_text())['annotations']] == [2, 3, 4]
    assert f'{out}: of 5 annotations 3 have' in capsys.readouterr().out


def test_marked_masks_stay(export, masks, tmp_path):
    out = tmp_path / 'kept.json'
    export(masks, '--out', out, '--min-score', '.5', '--below', 'ignore')
    flags = [a.get('ignore') for a in json.loads(out.read_text())['annotations']]
    assert flags == [1, 1, None, None, None]


@pytest.mark.parametrize('arguments, words', [
    pytest.param(('{masks}', '--out', '{masks}', '--min-score', '.5'),
                 'this is the input', id='input as output'),
    pytest.param(('none.json', '--out', 'o.json', '--min-score', '.5'),
                 'none.json: annotation file not found', id='no input'),
    pytest.param(('{masks}', '--out', 'o.json', '--min-score', '50'),
                 '--min-score 50', id='percent')])
def test_mistakes_end_with_one_line(export, masks, capsys, monkeypatch, tmp_path,
                                    arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        export(*(text.format(masks=masks) for text in arguments))
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count('\n') == 1 and words in error
