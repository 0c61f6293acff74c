"""``mal convert`` and ``mal export`` as a person types them."""

import json

import pytest

from mmdet_mal.cli.main import main

CSV = 'filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,9,9,dog,1,1,4,5\n'


def run(*words):
    """Exit code of ``mal`` with these words."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
        raise SystemExit(0)
    return ended.value.code


@pytest.fixture
def table(tmp_path):
    (tmp_path / 'boxes.csv').write_text(CSV)
    return tmp_path / 'boxes.csv'


def test_convert_writes_boxes_and_says_what_it_read(table, tmp_path, capsys):
    out = tmp_path / 'new' / 'boxes.json'
    assert run('convert', table, '--out', out, '--box-format', 'xyxy') == 0
    assert json.loads(out.read_text())['annotations'][0]['bbox'] == [1, 1, 3, 4]
    assert '1 boxes of 1 classes in 1 images (read as csv)' in capsys.readouterr().out


@pytest.mark.parametrize('words, message', [
    ([], 'say what its numbers are with --box-format'),
    (['--box-format', 'xyxy', '--images', 'none'], 'none: no such folder of images'),
    (['--box-format', 'xyxy', '--shapes', 'bounds'], 'has no option --shapes'),
    (['--from', 'voc'], 'is not valid XML'),
    (['--from', 'tiff'], 'invalid choice'),
    (['--box-format', 'xyxy', '--columns', 'label=kind'], "no column 'kind'")])
def test_convert_says_what_is_wrong_in_a_line(table, tmp_path, capsys, words,
                                              message):
    assert run('convert', table, '--out', tmp_path / 'o.json', *words) == 2
    error = capsys.readouterr().err
    assert message in error and 'Traceback' not in error
    assert not (tmp_path / 'o.json').exists()


def test_convert_does_not_overwrite_its_input(table, capsys):
    assert run('convert', table, '--out', table, '--box-format', 'xyxy') == 2
    assert 'this is the input' in capsys.readouterr().err
    assert table.read_text() == CSV


@pytest.fixture
def masks(tmp_path):
    path = tmp_path / 'masks.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.jpg', width=4, height=3)],
        annotations=[dict(id=i, image_id=1, category_id=1, bbox=[0, 0, 4, 3], area=4,
                          iscrowd=0, score=i / 4,
                          segmentation=dict(size=[3, 4], counts=[3, 6, 3]))
                     for i in (1, 3)], categories=[dict(id=1, name='cat')])))
    return path


def test_export_takes_its_options_from_the_command_line(masks, tmp_path, capsys):
    out = tmp_path / 'o.json'
    assert run('export', masks, '--out', out, '--min-score', .5, '--polygons',
               '--tighten-boxes') == 0
    entry, = json.loads(out.read_text())['annotations']
    assert entry['bbox'] == [1, 0, 2, 3]
    assert sorted(zip(*[iter(entry['segmentation'][0])] * 2, strict=True)) == [
        (1, 0), (1, 3), (3, 0), (3, 3)]
    said = capsys.readouterr().out
    assert '1 have a score of at least 0.5; 1 have less' in said
    assert '1 boxes are moved' in said


@pytest.mark.parametrize('words, message', [
    (['--to', 'png', '--polygons'], '--to png has no option --shapes'),
    (['--only-accepted'], 'give --decisions'),
    (['--masks-of', 'human'], '--masks-of human: expected NAME=FILE'),
    (['--decisions', 'none.json'], 'none.json: cannot be read'),
    (['--simplify', '-1', '--polygons'], 'invalid pixels value'),
    (['--to', 'gif'], 'invalid choice')])
def test_export_says_what_is_wrong_in_a_line(masks, tmp_path, capsys, words, message):
    assert run('export', masks, '--out', tmp_path / 'o', *words) == 2
    error = capsys.readouterr().err
    assert message in error and 'Traceback' not in error
    assert not (tmp_path / 'o').exists()


@pytest.mark.parametrize('verb', ['convert', 'export'])
def test_help_lists_every_format(verb, capsys):
    from mmdet_mal.formats import READERS, WRITERS
    assert run(verb, '--help') == 0
    text = capsys.readouterr().out
    for name in READERS if verb == 'convert' else WRITERS:
        assert f'  {name} ' in text
