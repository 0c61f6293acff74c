"""``mal review``, and how it finds masks and images."""

import argparse
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from review_data import draw_data

from mmdet_mal.cli import review
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.review.sources import (find_images, find_masks,
                                                    parse_named)


def run(*words):
    parser = argparse.ArgumentParser()
    review.add_options(parser)
    return review.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def label_run(tmp_path):
    """A finished label run: boxes with images beside them, masks elsewhere."""
    drawn = draw_data(tmp_path / 'data')
    (drawn.folder / 'photos').rename(drawn.folder / 'images')
    (tmp_path / 'out').mkdir()
    masks = tmp_path / 'out' / 'masks.json'
    drawn.masks.rename(masks)
    folder = tmp_path / 'out' / 'masks.run'
    folder.mkdir()
    (folder / 'manifest.json').write_text(json.dumps(dict(
        format=1, names=dict(input=str(drawn.folder / 'boxes.json')))))
    return folder


def test_a_run_folder_tells_masks_and_images(label_run, tmp_path, capsys):
    run(label_run, '-o', tmp_path / 'review.html')
    assert '12 masks of 4 images to look at' in capsys.readouterr().out
    assert (tmp_path / 'review_files' / 'crops' / '0' / '11.jpg').exists()


def test_masks_tell_their_run(label_run):
    masks = str(label_run.parent / 'masks.json')
    assert find_masks(masks) == (masks, str(label_run))
    assert find_images(masks, str(label_run)).endswith('data/images')


def test_images_are_not_guessed_where_some_are_missing(label_run):
    masks = str(label_run.parent / 'masks.json')
    (label_run.parents[1] / 'data' / 'images' / 'photo_1.jpg').unlink()
    with pytest.raises(UserError, match='say where they are with --images'):
        find_images(masks, str(label_run))


def test_a_run_without_masks_yet(label_run):
    (label_run.parent / 'masks.json').unlink()
    with pytest.raises(UserError, match='no masks JSON yet'):
        find_masks(str(label_run))


@pytest.mark.parametrize('name, words', [
    ('none.json', 'no such file or folder'), ('data', 'not the folder of a label run')])
def test_what_is_no_run(label_run, name, words):
    with pytest.raises(UserError, match=words):
        find_masks(str(label_run.parents[1] / name))


def test_names_of_further_files(tmp_path):
    assert parse_named('b=c/d.json') == ('b', 'c/d.json')
    assert parse_named('c/d.json') == ('d', 'c/d.json')
    odd = tmp_path / 'a=b.json'
    odd.write_text('{}')
    assert parse_named(str(odd)) == ('a=b', str(odd))


def test_more_files_and_human_masks(drawn, capsys):
    other = drawn.folder / 'other.json'
    other.write_text(drawn.masks.read_text())
    run(drawn.masks, '--images', drawn.photos, '--more', f'instant={other}',
        '--human', other, '-o', drawn.folder / 'r.html')
    out = capsys.readouterr().out
    assert 'instant: masks for 12 of them' in out
    assert 'human: masks for 12 of them' in out


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_command_says_that_it_goes_on(tmp_path, capsys, number):
    drawn = draw_data(tmp_path, images=200, boxes=12)
    words = [str(drawn.masks), '--images', str(drawn.photos), '-o',
             str(tmp_path / 'review.html')]
    process = subprocess.Popen(
        [sys.executable, '-m', 'mmdet_mal.cli', 'review', *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / 'review_files.tmp' / 'crops.log'
    end = time.monotonic() + 120
    while not journal.exists() or journal.stat().st_size < 20:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(.01)
    os.kill(process.pid, number)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 128 + number, error
    assert 'the same command goes on' in out
    assert 'Traceback' not in error
    run(*words)
    assert '2400 masks of 200 images' in capsys.readouterr().out
