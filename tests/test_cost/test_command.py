"""mal cost, as a person types it."""

import json

import pytest

from mmdet_mal.cli.main import run_verb
from mmdet_mal.cost.profile import Profile

PROFILE = Profile('My machine', 'cpu', 'instant_deit-ti', 'measured', 'a test', 0.,
                  .1, .02, 0., .004)


def cost(capsys, *words):
    """Output, error output and exit code of one command."""
    try:
        run_verb('cost', list(words), 'mal cost')
        code = 0
    except SystemExit as error:
        code = error.code
    out = capsys.readouterr()
    return out.out, out.err, code


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / 'p.json'
    PROFILE.save(str(path))
    return str(path)


def test_a_table_with_where_it_comes_from(capsys, profile, tmp_path):
    out_file = tmp_path / 'table.json'
    out, _, code = cost(capsys, 'coco', '--profile', profile, '--gpus', '1,4',
                        '--json', str(out_file))
    assert code == 0
    assert 'measured: a test' in out and 'COCO 2017 train' in out
    assert '| 1 | - | - | 24 | device |' in out  # 860,001 x .1 s and 205 s
    assert [line.split('|')[1].strip() for line in out.splitlines()
            if line.startswith('| ')][2:] == ['1', '4']
    table = json.loads(out_file.read_text())
    assert table['rows'][0]['training'] is None
    assert table['rows'][0]['labelling']['hours'] == pytest.approx(23.93, abs=.01)


def test_larger_images_take_longer_to_decode(capsys, profile):
    out, _, _ = cost(capsys, 'coco', '--profile', profile, '--gpus', '1',
                     '--megapixels', '100')
    assert '| loader |' in out


def test_an_estimate_is_marked(capsys):
    out, _, code = cost(capsys, 'coco', '--device', 'h100', '--gpus', '8')
    assert code == 0 and 'ESTIMATE, nothing of it measured' in out


def test_the_list(capsys):
    out, _, code = cost(capsys, '--list')
    assert code == 0
    for word in ('objects365-v2', 'epyc-zen3', 'h100', 'estimate'):
        assert word in out


@pytest.mark.parametrize('words, message', [
    ([], 'name a data set'),
    (['nothing.json'], 'neither a file nor one of'),
    (['coco', '--device', 'tpu'], 'no profile of that name'),
    (['coco', '--profile', 'none.json'], 'cannot be read'),
    (['coco', '--config', 'mal_swin-b_coco'], 'was not measured on any device'),
    (['coco', '--epochs', '0'], '--epochs 0: must be above 0'),
    (['coco', '--cores', '-1'], 'must be above 0'),
    (['coco', '--cores', 'nan'], 'must be above 0'),
    (['--measure', 'p.json'], 'needs --config'),
    (['--ann', 'a.json', 'coco'], 'belong together'),
    (['--measure', '/proc/no/p.json', '--config', 'instant_deit-ti'], '/proc/no')])
def test_mistakes_are_told_in_one_line(capsys, words, message):
    _, err, code = cost(capsys, *words)
    assert code == 2 and message in err and 'Traceback' not in err


@pytest.mark.parametrize('counts', ['0', '65', '1,x', '', '1,,2', '1.5'])
def test_numbers_of_devices(capsys, counts):
    _, err, code = cost(capsys, 'coco', '--gpus', counts)
    assert code == 2 and 'expected numbers from 1 to 64' in err


def test_a_profile_and_a_device(capsys, profile):
    _, err, code = cost(capsys, 'coco', '--profile', profile, '--device', 'h100')
    assert code == 2 and 'keep one' in err
