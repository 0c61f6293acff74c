"""The instant labeller as a baseline: what it keeps, replaces and refuses."""

import json
import subprocess
from pathlib import Path

import pytest

from mmdet_mal.evaluation.baselines import instant
from mmdet_mal.evaluation.baselines.instant import check_instant, label_with_instant
from mmdet_mal.labelling.command import find_label_hook
from mmdet_mal.labelling.manifest import LabelManifest, hash_file
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config

from .foreign_files import NO_MASKS_JSON


class Child:
    """Stands for the process of its own: a label run in miniature."""

    def __init__(self, config=instant.CONFIG):
        self.config = config
        self.calls = []

    def __call__(self, words, **options):
        self.calls.append(words)
        ann, out = (Path(words[words.index(name) + 1]) for name in ('--ann', '--out'))
        run_dir = out.with_suffix('.run')
        manifest = LabelManifest(
            checkpoint_sha256='c', config_sha256=self.config, num_chunks=1,
            input_sha256=hash_file(str(ann)),
            names=dict(config=f'configs/mal/{self.config}.py', input=str(ann)))
        if self.restarts:
            (run_dir / 'manifest.json').unlink(missing_ok=True)
        run_dir.mkdir(exist_ok=True)
        manifest.save(str(run_dir))
        data = json.loads(ann.read_text())
        out.write_text(json.dumps(
            dict(data, info=dict(mal=LabelManifest.load(str(run_dir)).provenance()))))
        return subprocess.CompletedProcess(words, 0)

    @property
    def restarts(self):
        return 'custom_hooks.0.if_changed=restart' in self.calls[-1]


@pytest.fixture
def child(monkeypatch):
    monkeypatch.setattr(instant, 'choose_weights', lambda config: None)
    run = Child()
    monkeypatch.setattr(instant.subprocess, 'run', run)
    return run


@pytest.fixture
def places(tmp_path):
    """Boxes, the masks to write, and the images."""
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps(dict(images=[], annotations=[], categories=[])))
    (tmp_path / 'kept').mkdir()
    return boxes, tmp_path / 'kept' / 'instant.json', tmp_path


def test_a_run_that_was_begun_here_may_be_of_other_boxes_later(child, places):
    boxes, out, _ = places
    label_with_instant(*places)
    label_with_instant(*places)
    boxes.write_text(boxes.read_text() + '\n')
    label_with_instant(*places)
    assert len(child.calls) == 3 and child.restarts
    found = json.loads(out.read_text())['info']['mal']['input_sha256']
    assert found == hash_file(str(boxes))


def test_what_the_options_say_reaches_the_hook():
    config = load_config(instant.CONFIG, {'custom_hooks.0.if_changed': 'restart'})
    assert find_label_hook(config)['if_changed'] == 'restart'


def assert_left_alone(child, places, content):
    """Refused where nothing lies yet, and over the masks of an own run."""
    _, out, _ = places
    out.write_bytes(content)
    with pytest.raises(UserError, match='instant.json lies where .* did not write it'):
        label_with_instant(*places)
    assert out.read_bytes() == content and not child.calls
    assert not out.with_suffix('.run').exists()
    out.unlink()
    label_with_instant(*places)
    out.write_bytes(content)
    with pytest.raises(UserError, match='did not write it'):
        label_with_instant(*places)
    assert out.read_bytes() == content and len(child.calls) == 1


def test_masks_of_something_else_are_left_alone(child, places):
    foreign = dict(images=[], annotations=[], categories=[],
                   info=dict(mal=dict(input_sha256='x')))
    assert_left_alone(child, places, json.dumps(foreign).encode())


@pytest.mark.parametrize('text', NO_MASKS_JSON)
def test_a_file_that_is_no_masks_json_is_left_alone(child, places, text):
    assert_left_alone(child, places, text)


def test_an_empty_file_is_made_anew(child, places):
    _, out, _ = places
    out.touch()
    label_with_instant(*places)
    assert json.loads(out.read_text())['info']['mal']


def test_masks_that_were_merged_and_not_noted_are_known_by_their_run(child, places):
    _, out, _ = places
    label_with_instant(*places)
    instant._mark(str(out.with_suffix('.run')), '')
    check_instant(*places)


def test_a_run_begun_anew_and_stopped_leaves_masks_that_are_known(child, places):
    boxes, out, _ = places
    label_with_instant(*places)
    kept = out.read_text()
    boxes.write_text(boxes.read_text() + '\n')
    label_with_instant(*places)
    # As if it had been stopped before the merge: the older masks, noted.
    out.write_text(kept)
    instant._mark(str(out.with_suffix('.run')), hash_file(str(out)))
    check_instant(*places)


def test_a_run_begun_by_hand_goes_on_but_is_never_begun_anew(child, places):
    boxes, out, _ = places
    child(['--ann', boxes, '--out', out])
    label_with_instant(*places)
    assert not child.restarts
    boxes.write_text(boxes.read_text() + '\n')
    with pytest.raises(UserError, match=r'instant.run lies .*a label run of .*boxes'):
        label_with_instant(*places)
    assert len(child.calls) == 2


def test_a_run_of_another_labeller_is_refused(child, places):
    boxes, out, _ = places
    child.config = 'mal_small'
    child(['--ann', boxes, '--out', out])
    with pytest.raises(UserError, match='did not write it .*with configs/mal/mal_s'):
        check_instant(*places)


def test_missing_weights_and_images_are_said(places, monkeypatch):
    monkeypatch.setenv('MAL_WEIGHTS', 'absent.pth')
    with pytest.raises(UserError, match='MAL_WEIGHTS names: absent.pth: no such'):
        check_instant(*places)
    with pytest.raises(UserError, match='--images DIR'):
        check_instant(*places[:2], None)
