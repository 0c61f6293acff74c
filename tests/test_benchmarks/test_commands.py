"""Every benchmark is a command, and they measure what they say."""

import importlib
import json
import sys
from argparse import Namespace

import numpy as np
import pytest
from mmengine.config import ConfigDict

from benchmarks import commandline, json_index, rle, run, same_model
from benchmarks.inputs import drawn_images, first_boxes
from mmdet_mal.datasets import AnnotationFile, find_faults


@pytest.mark.parametrize('name', run.NAMES)
def test_each_benchmark_explains_itself(name, monkeypatch, capsys):
    module = importlib.import_module(f'benchmarks.{name}')
    monkeypatch.setattr(sys, 'argv', [name, '--help'])
    with pytest.raises(SystemExit) as stop:
        module.main()
    text = capsys.readouterr().out
    assert stop.value.code == 0
    assert all(word in text for word in ('--rounds', '--json', '--quick'))
    assert callable(module.measure)


def test_an_unknown_benchmark_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        run.parse_args(['--only', 'speed'])
    assert stop.value.code == 2
    assert "invalid choice: 'speed'" in capsys.readouterr().err


def test_run_writes_table_and_figures(tmp_path, monkeypatch):
    monkeypatch.setattr(rle, '_IMAGES', ((480, 640), ))
    monkeypatch.setattr(rle, '_CALLS', 2)
    monkeypatch.setattr(sys, 'argv', [
        'run', '--only', 'rle', '--rounds', '2', '--out', str(tmp_path / 'new')])
    run.main()
    (result, ) = json.loads((tmp_path / 'new/results.json').read_text())
    assert result['benchmark'] == 'rle' and result['rounds'] == 2
    assert set(result['seconds']) == {'textbook', 'ours'}
    assert '200 px box in 640 x 480' in (tmp_path / 'new/results.md').read_text()


def test_a_quick_run_calls_each_path_once_and_says_so(
        tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rle, '_IMAGES', ((480, 640), ))
    monkeypatch.setattr(rle, '_CALLS', 2)
    monkeypatch.setattr(sys, 'argv', [
        'run', '--only', 'rle', '--quick', '--out', str(tmp_path)])
    run.main()
    (result, ) = json.loads((tmp_path / 'results.json').read_text())
    assert result['quick'] and result['rounds'] == 1
    assert set(result['peak_mib'].values()) == {None}
    for text in (capsys.readouterr().out, (tmp_path / 'results.md').read_text()):
        assert 'do not quote its figures' in text
    # The next run is an ordinary one.
    monkeypatch.setattr(sys, 'argv', ['rle', '--rounds', '2'])
    rle.main()
    assert 'do not quote' not in capsys.readouterr().out


def test_quick_changes_defaults_and_nothing_that_was_said(monkeypatch):
    seen = []
    for words in ([], ['--quick'], ['--quick', '--size', '5']):
        monkeypatch.setattr(sys, 'argv', ['name', *words])
        parser = commandline.make_parser('words')
        parser.add_argument('--size', type=int, default=9)
        commandline.run(parser, lambda args: seen.append(args.size) or [],
                        quick=dict(size=1))
    assert seen == [9, 1, 5]


def test_the_first_boxes_keep_their_images(tmp_path, drawn):
    few = first_boxes(drawn, tmp_path, 13)
    data = json.loads(few.ann_file.read_text())
    assert len(data['annotations']) == few.boxes == 13
    assert len(data['images']) == 2 and few.images == drawn.images
    assert find_faults(AnnotationFile(str(few.ann_file))) == []
    assert first_boxes(drawn, tmp_path, drawn.boxes) is drawn
    with pytest.raises(ValueError, match='at least 1, got -2'):
        first_boxes(drawn, tmp_path, -2)


def test_index_files_are_sound_and_load_alike(tmp_path):
    for points in (0, 5):
        path = tmp_path / f'{points}.json'
        json_index.write_file(path, 200, points)
        assert find_faults(AnnotationFile(str(path))) == []
        stock, training, labelling = (
            load() for load in json_index.loaders(path).values())
        boxes = [box['bbox'] for i in range(len(stock))
                 for box in stock.get_data_info(i)['instances']]
        assert len(boxes) == len(training) == 200
        assert labelling.chunk_sizes.sum() == 200
        own = [training.get_data_info(i)['bbox'] for i in range(200)]
        np.testing.assert_allclose(sorted(map(list, own)), sorted(boxes), atol=1e-3)
        assert json_index.index_bytes(labelling) / 200 <= 32


def test_index_bytes_are_known_of_our_sets_alone():
    assert json_index.index_bytes(object()) is None


def test_the_index_benchmark_reports_bytes(monkeypatch):
    args = Namespace(boxes=[100], rounds=1)
    results = json_index.measure(args)
    assert len(results) == 2
    for result in results:
        sizes = result['bytes_a_box']
        assert sizes['mmdet.CocoDataset']['arrays'] is None
        assert 0 < sizes['ours, labelling']['arrays'] <= 32


def test_drawn_images_are_always_the_same(tmp_path):
    first, second = (drawn_images(tmp_path / name, 1, 3, (60, 80))
                     for name in 'ab')
    assert first.ann_file.read_bytes() == second.ann_file.read_bytes()
    assert (first.images / '0.jpg').read_bytes() == (
        second.images / '0.jpg').read_bytes()
    assert first.boxes == 3 and find_faults(
        AnnotationFile(str(first.ann_file))) == []


@pytest.mark.parametrize('change', [
    pytest.param(dict(type='mmdet_mal.FCMaskHead'), id='decoder'),
    pytest.param(dict(pool='avg'), id='pooling'),
    pytest.param(dict(size_routing=False), id='no routing'),
])
def test_a_config_without_a_twin_is_refused(tiny_config, tiny_model, change):
    tiny_config.model.network.decoder.update(change)
    with pytest.raises(ValueError, match='textbook'):
        same_model.textbook_network(tiny_config, tiny_model.student)


def test_a_mean_field_without_a_twin_is_refused(tiny_config):
    tiny_config.model.crf_loss = ConfigDict(tiny_config.model.crf_loss,
                                            window='full')
    with pytest.raises(ValueError, match='mean field of the paper'):
        same_model.recipe_of(tiny_config)


def test_colours_of_the_textbook_are_a_librarys(tiny_config, drawn):
    def names(transform):
        yield type(transform).__module__
        for inner in getattr(transform, 'transforms', None) or ():
            for step in getattr(inner, 'transforms', None) or [inner]:
                yield from names(step)

    colours = same_model.boxes_to_train(tiny_config, drawn).colours
    modules = [name for colour in colours for name in names(colour)]
    assert len(modules) >= 3
    assert not any(name.startswith('mmdet_mal') for name in modules)


def test_a_transform_that_no_library_has_is_refused(tiny_config, drawn):
    branch = tiny_config.train_dataloader.dataset.pipeline[-1]
    branch.student.insert(0, dict(type='mmdet_mal.RandomCropFlip'))
    with pytest.raises(ValueError, match='no mmdet_mal.RandomCropFlip'):
        same_model.boxes_to_train(tiny_config, drawn)
