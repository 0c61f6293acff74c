"""tools/analysis/fit_quality.py and check_quality.py, one after the other."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test_quality'))
from quality_data import write_pair

TOOLS = Path(__file__).resolve().parents[2] / 'tools' / 'analysis'


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool in this process; returns what it printed."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, arguments)])
        runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
        return capsys.readouterr().out

    return run


@pytest.fixture
def pairs(tmp_path):
    """Two sets of the same labeller."""
    for number in (0, 1):
        (tmp_path / str(number)).mkdir()
    return [write_pair(tmp_path / str(i), boxes=120, seed=i) for i in (0, 1)]


def test_a_calibration_is_fitted_on_one_set_and_checked_on_another(
        run, pairs, tmp_path):
    calib, report = tmp_path / 'calib.json', tmp_path / 'report.json'
    text = run('fit_quality', *pairs[0], '--out', calib)
    assert 'cross-validated' in text and '4 variants' in text
    assert cv2.imread(str(tmp_path / 'calib.png')) is not None
    text = run('check_quality', *pairs[1], '--calibration', calib, '--out', report)
    reports = json.loads(report.read_text())['reports']
    assert reports[f'by {calib}']['spearman'] > .95
    assert reports[f'by {calib}']['curve_error'] < .03
    assert abs(reports['entropy']['spearman']) < .3
    assert 'score in the file' in text
    assert cv2.imread(str(tmp_path / 'report.png')) is not None


def test_a_calibration_is_fitted_on_several_sets(run, pairs, tmp_path):
    calib = tmp_path / 'calib.json'
    run('fit_quality', *pairs[0], *pairs[1], '--out', calib, '--leave-out', 'spill')
    content = json.loads(calib.read_text())
    assert [source['boxes'] for source in content['fitted_on']] == [120, 120]
    assert not any('spill' in v['features'] for v in content['variants'])


def test_scores_of_the_file_are_checked_by_default(run, pairs):
    text = run('check_quality', *pairs[0])
    assert 'score in the file' in text and 'mean IoU' in text


@pytest.mark.parametrize('name', ['fit_quality', 'check_quality'])
def test_no_input_is_written_over(run, pairs, capsys, name):
    for path in pairs[0]:
        before = Path(path).read_bytes()
        with pytest.raises(SystemExit):
            run(name, *pairs[0], '--out', path)
        assert 'this is the input' in capsys.readouterr().err
        assert Path(path).read_bytes() == before


@pytest.mark.parametrize('name, arguments, words', [
    pytest.param('fit_quality', ('{masks}', '--out', 'c.json'), 'has no partner',
                 id='half a pair'),
    pytest.param('fit_quality', ('{human}', '{human}', '--out', 'c.json'),
                 'annotation 1 has no raw_mask_score', id='no components'),
    pytest.param('fit_quality', ('{masks}', '{human}', '--out', 'c.json',
                                 '--ridge', '-1'), '--ridge', id='ridge'),
    pytest.param('check_quality', ('{masks}', '{human}', '--calibration', 'none'),
                 'none: no such calibration', id='no calibration')])
def test_mistakes_end_with_one_line(run, pairs, capsys, monkeypatch, tmp_path,
                                    name, arguments, words):
    monkeypatch.chdir(tmp_path)
    masks, human = pairs[0]
    with pytest.raises(SystemExit) as stop:
        run(name, *(text.format(masks=masks, human=human) for text in arguments))
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count('\n') == 1 and words in error
