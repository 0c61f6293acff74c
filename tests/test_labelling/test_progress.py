"""Progress that shows only where there is something to wait for."""

from mmdet_mal.datasets import AnnotationFile
from mmdet_mal.datasets.coco_records import BoxRecord
from mmdet_mal.labelling import progress
from mmdet_mal.labelling.progress import WatchedSource, show_progress


def test_short_work_shows_nothing(capsys):
    assert list(show_progress(range(5), 5, 'work')) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ''


def test_long_work_shows_what_and_how_far_on_stderr(capsys, monkeypatch):
    monkeypatch.setattr(progress, '_SECONDS_BEFORE_SHOWN', 0)
    list(show_progress(range(5), 5, 'merge: write'))
    captured = capsys.readouterr()
    assert 'merge: write: 100%' in captured.err and '5/5' in captured.err
    assert captured.out == ''


def test_a_watched_source_is_the_same_source(toy, capsys, monkeypatch):
    monkeypatch.setattr(progress, '_SECONDS_BEFORE_SHOWN', 0)
    source = AnnotationFile(str(toy.path))
    watched = WatchedSource(source, 'read')
    assert watched.keys() == source.keys()
    for key in ('images', 'categories'):
        assert list(watched.entries(key)) == toy.data[key]
    assert capsys.readouterr().err == ''
    assert list(watched.entries('annotations')) == toy.data['annotations']
    assert '40/40' in capsys.readouterr().err
    assert list(watched.records('annotations', BoxRecord)) == list(
        map(BoxRecord.of, toy.data['annotations']))
    assert '40/40' in capsys.readouterr().err
