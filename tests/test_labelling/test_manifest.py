"""The manifest: what makes a run the same run."""

import json

import pytest
import torch
from mmengine.config import Config

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.manifest import (
    LabelManifest,
    hash_config,
    hash_file,
    hash_weights,
)
from mmdet_mal.quality.model import QualityModel

MANIFEST = LabelManifest(
    checkpoint_sha256='a' * 64, config_sha256='b' * 64, input_sha256='c' * 64,
    num_chunks=9, options=dict(chunk_boxes=16, sizes=(1, 2)), version='1',
    names=dict(checkpoint='x/epoch_1.pth'))


def changed(**changes):
    return LabelManifest(**{**MANIFEST.__dict__, **changes})


def test_round_trip(tmp_path):
    MANIFEST.save(str(tmp_path))
    found = LabelManifest.load(str(tmp_path))
    assert found.differences(MANIFEST) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ['manifest.json']


def test_names_do_not_count():
    assert MANIFEST.differences(changed(names={})) == []


@pytest.mark.parametrize('changes, message', [
    pytest.param(dict(checkpoint_sha256='d' * 64),
                 'checkpoint: aaaaaaaaaaaa (x/epoch_1.pth) then, dddddddddddd',
                 id='checkpoint'),
    pytest.param(dict(config_sha256='d' * 64), 'config: bbbb', id='config'),
    pytest.param(dict(input_sha256='d' * 64), 'input: cccc', id='input'),
    pytest.param(dict(num_chunks=8), 'num_chunks: 9 then, 8 now', id='chunks'),
    pytest.param(dict(version='2'), 'version: 1 then, 2 now', id='version'),
    pytest.param(dict(options=dict(chunk_boxes=8, sizes=[1, 2])),
                 'chunk_boxes: 16 then, 8 now', id='option'),
    pytest.param(dict(options=dict(MANIFEST.options, flip=1)),
                 'flip: None then, 1 now', id='new option'),
])
def test_says_what_differs(changes, message):
    differences = MANIFEST.differences(changed(**changes))
    assert len(differences) == 1 and message in differences[0]


@pytest.mark.parametrize('content, message', [
    pytest.param(None, 'no such file', id='absent'),
    pytest.param('{"format": 1', 'cannot be read', id='torn'),
    pytest.param('[]', 'cannot be read', id='a list'),
    pytest.param('{"format": 1, "x": 2}', 'cannot be read', id='other keys'),
    pytest.param('{"format": 99}', 'format 99, expected 1', id='format'),
])
def test_broken_manifest_is_a_one_line_error(tmp_path, content, message):
    if content is not None:
        (tmp_path / 'manifest.json').write_text(content)
    with pytest.raises(LabelRunError, match=message) as error:
        LabelManifest.load(str(tmp_path))
    assert '\n' not in str(error.value)


def test_provenance_holds_hashes_only():
    assert MANIFEST.provenance() == dict(
        checkpoint_sha256='a' * 64, config_sha256='b' * 64,
        input_sha256='c' * 64, version='1')


def test_hash_file(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert hash_file(str(tmp_path / 'a')).startswith('ba7816bf8f01cfea')
    with pytest.raises(LabelRunError, match='cannot be read'):
        hash_file(str(tmp_path / 'b'))


def test_hash_weights_sees_values_names_shapes_and_types():
    state = dict(a=torch.arange(4.), b=torch.tensor(1), c=torch.ones(2).bfloat16())
    same = dict(reversed(state.items()))
    assert hash_weights(state) == hash_weights(same)
    others = [dict(state, a=torch.arange(4.).reshape(2, 2)), dict(state, a=state['b']),
              dict(state, b=torch.tensor(1.)), dict(a=state['a'])]
    assert len({hash_weights(s) for s in [state, *others]}) == 5


def config(**changes):
    base = dict(
        model=dict(type='M', network=dict(pretrained='/here/w.pth', width=8)),
        test_dataloader=dict(num_workers=2, dataset=dict(
            type='D', ann_file='/here/a.json', data_root='/here',
            data_prefix=dict(img='x'), pipeline=[dict(type='Crop', size=(8, 8))])),
        work_dir='/here', launcher='none')
    merged = Config(base)
    merged.merge_from_dict(changes)
    return merged


@pytest.mark.parametrize('changes', [
    {'work_dir': '/there'}, {'launcher': 'pytorch'},
    {'test_dataloader.num_workers': 0},
    {'test_dataloader.dataset.ann_file': '/there/a.json'},
    {'test_dataloader.dataset.data_prefix.img': 'y'},
    {'model.network.pretrained': '/there/w.pth'},
])
def test_places_do_not_change_the_hash_of_a_config(changes):
    assert hash_config(config(**changes)) == hash_config(config())


@pytest.mark.parametrize('changes', [
    {'model.network.width': 16},
    {'test_dataloader.dataset.pipeline.0.size': (4, 4)},
])
def test_what_decides_a_mask_changes_it(changes):
    assert hash_config(config(**changes)) != hash_config(config())


def test_hash_of_a_config_with_types_in_it():
    by_type = dict(model=dict(type=torch.nn.Conv2d))
    assert hash_config(by_type) == hash_config(dict(model=dict(type=torch.nn.Conv2d)))
    assert hash_config(by_type) != hash_config(dict(model=dict(type=torch.nn.Conv1d)))
    json.dumps(hash_config({}))


def test_a_calibration_counts_by_what_is_in_it(tmp_path):
    """Renamed it is the same, edited it is another run."""
    content = QualityModel.load('coco_mini').to_json()

    def hashed(name, **changes):
        path = tmp_path / name
        path.write_text(json.dumps({**content, **changes}))
        return hash_config(dict(model=dict(quality=dict(calibration=str(path)))))

    first = hashed('a.json')
    assert hashed('b.json') == first
    assert hashed('a.json', ridge=4.) != first
