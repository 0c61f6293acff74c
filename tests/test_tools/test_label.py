"""tools/label.py, tools/test.py and tools/merge_labels.py agree byte for byte."""

import json
import logging
import runpy
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from label_data import (CONFIG, TOOLS, make_checkpoint,
                        make_label_data)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('label')
    make_label_data(root, 7)
    make_checkpoint(root / 'weights.pth')
    return root


@pytest.fixture
def run_tool(data, tmp_path, monkeypatch, capsys):
    """Runs a tool in this process in a new folder; gives code, out and err."""
    (tmp_path / 'work').mkdir()
    monkeypatch.chdir(tmp_path / 'work')
    monkeypatch.setenv('MAL_TINY_ROOT', str(data))
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    # The tools set it; monkeypatch takes it back.
    monkeypatch.setattr(logging, 'raiseExceptions', True)

    def run(name, *args, code=0):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, args)])
        found = 0
        try:
            runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
        except SystemExit as end:
            found = end.code
        output = capsys.readouterr()
        assert found == code, output
        return output

    return run


@pytest.fixture
def job(data):
    return (CONFIG, data / 'weights.pth', '--ann', data / 'boxes.json',
            '--images', data / 'images')


def test_label_and_test_write_the_same_bytes(run_tool, job, data):
    output = run_tool('label', *job, '--out', 'a.json')
    assert 'Masks JSON: a.json' in output.out and '21 masks' in output.out
    assert '21/21' in output.err  # the bar counts boxes
    assert sorted(p.name for p in Path().iterdir()) == ['a.json', 'a.run']
    left = {p.name for p in Path('a.run').iterdir()}
    assert left == {'manifest.json', 'shards', 'log', 'summary.json',
                    'doctor.json', 'logs'}
    run_tool('test', *job[:2], '--out', 'b.json', '--work-dir', 'w')
    assert Path('b.json').read_bytes() == Path('a.json').read_bytes()
    # Whatever is done is not done again.
    output = run_tool('label', *job, '--out', 'a.json')
    assert '7 of 7 chunks are done already' in output.out


def test_shards_and_merge_write_the_same_bytes(run_tool, job, data):
    run_tool('label', *job, '--out', 'whole.json')
    for index in (1, 0):
        output = run_tool('label', *job, '--out', 'a.json', '--shard', f'{index}/2')
    assert '2 of 2 shards are done in a.run' in output.out
    merge = output.out.split('merge_labels.py ')[1].split()
    assert not Path('a.json').exists()
    run_tool('merge_labels', *merge)
    assert Path('a.json').read_bytes() == Path('whole.json').read_bytes()
    assert {p.name for p in Path('a.run/shards').iterdir()} == {
        'rank0-0of2.jsonl', 'rank0-1of2.jsonl'}


def test_masks_lie_beside_the_boxes_by_default(run_tool, job, data, tmp_path):
    boxes = tmp_path / 'mine.json'
    boxes.write_bytes((data / 'boxes.json').read_bytes())
    run_tool('label', *job[:2], '--ann', boxes, '--images', data / 'images')
    masks = json.loads((tmp_path / 'mine_masks.json').read_text())
    assert all(a['segmentation'] for a in masks['annotations'])
    assert boxes.read_bytes() == (data / 'boxes.json').read_bytes()


def test_an_image_that_is_gone_or_cut_is_flagged(run_tool, data, tmp_path):
    root = tmp_path / 'data'
    make_label_data(root, 4)
    (root / 'images/1.png').unlink()
    content = (root / 'images/2.png').read_bytes()
    (root / 'images/2.png').write_bytes(content[:len(content) // 3])
    output = run_tool('label', CONFIG, data / 'weights.pth', '--ann',
                      root / 'boxes.json', '--images', root / 'images',
                      '--out', 'a.json')
    annotations = json.loads(Path('a.json').read_text())['annotations']
    fallbacks = {a['image_id']: a['mal'].get('fallback') for a in annotations}
    assert fallbacks[2] == fallbacks[3] == 'image_unreadable'
    assert 'image_unreadable' in output.out and '1.png' in output.err
    assert len(annotations) == 12 and fallbacks[1] != 'image_unreadable'


@pytest.mark.parametrize('options, words', [
    pytest.param(('--shard', '2/2'), 'counted from 0', id='shard from 1'),
    pytest.param(('--ann', 'none.json'), 'no such annotation file', id='no boxes'),
    pytest.param(('--images', 'nowhere'), 'no such folder', id='no images'),
    pytest.param(('--out', '{boxes}'), 'never changed', id='out is the input'),
    pytest.param(('--out', 'file/a.json'), 'cannot', id='out cannot be written'),
    pytest.param(('--ann', 'broken.json'), 'broken.json', id='boxes cut off'),
])
def test_refusals_take_one_line(options, words, run_tool, job, data):
    Path('file').write_text('')
    Path('broken.json').write_text((data / 'boxes.json').read_text()[:200])
    options = [o.format(boxes=data / 'boxes.json') for o in options]
    output = run_tool('label', *job, *options, code=2)
    line = output.err.strip().splitlines()[-1]
    assert line.startswith('label.py: error: ') and words in line


def test_a_wrong_folder_of_images_is_refused_before_anything_is_labelled(
        run_tool, job, data):
    output = run_tool('label', *job[:-1], data, '--out', 'a.json', code=2)
    last = output.err.strip().splitlines()[-1]
    assert 'none of ' in last and f'give {data}/images/' in last
    assert not Path('a.json').exists() and not Path('a.run/shards').exists()


def test_another_checkpoint_is_refused(run_tool, job, data):
    import torch
    run_tool('label', *job, '--out', 'a.json')
    state = torch.load(data / 'weights.pth', weights_only=True)['state_dict']
    torch.save(dict(state_dict={k: v + 1 for k, v in state.items()}), 'other.pth')
    output = run_tool('label', job[0], 'other.pth', *job[2:], '--out', 'a.json',
                      code=2)
    assert 'holds a label run of something else (checkpoint: ' in output.err
