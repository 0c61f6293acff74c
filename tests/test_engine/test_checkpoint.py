"""Weights are loaded completely or not at all."""

import pytest
import torch
from torch import nn

from mmdet_mal.engine.checkpoint import (CheckpointError, check_keys,
                                         load_strict, load_verified,
                                         load_weights)
from mmdet_mal.utils.errors import UserError

STATE = {'a.weight': torch.ones(2, 3), 'a.bias': torch.zeros(2)}


def model() -> nn.Module:
    return nn.ModuleDict(dict(a=nn.Linear(3, 2)))


@pytest.mark.parametrize('content', [
    pytest.param(STATE, id='plain'),
    pytest.param(dict(state_dict=STATE, meta=dict(epoch=1)), id='mmengine'),
    pytest.param(dict(model=STATE), id='deit'),
    pytest.param(dict(student={'b': torch.ones(1)}, teacher=STATE),
                 id='teacher before student'),
    pytest.param(dict(model=dict(state_dict=STATE)), id='nested'),
    pytest.param({f'module.{k}': v for k, v in STATE.items()}, id='ddp'),
])
def test_load_weights_takes_wrappers_off(content, tmp_path):
    torch.save(content, tmp_path / 'x.pth')
    state = load_weights(tmp_path / 'x.pth')
    assert set(state) == set(STATE)
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


def write_flipped(path):
    torch.save(STATE, path)
    content = bytearray(path.read_bytes())
    content[content.index(b'\x00\x00\x80\x3f')] ^= 1  # the first 1.0
    path.write_bytes(content)


def write_torn(path):
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:200])


def write_unsafe(path):
    torch.save(dict(state_dict=STATE, hook=model()), path)


@pytest.mark.parametrize('write, words', [
    pytest.param(lambda p: None, 'no such checkpoint file', id='missing'),
    pytest.param(lambda p: p.mkdir(), 'is a folder', id='folder'),
    pytest.param(lambda p: p.write_bytes(b''), 'not a checkpoint', id='empty'),
    pytest.param(lambda p: p.write_text('{"a": 1}'), 'not a checkpoint',
                 id='json'),
    pytest.param(write_torn, 'not a checkpoint', id='torn'),
    pytest.param(write_flipped, 'damaged since it was saved', id='one bit'),
    pytest.param(write_unsafe, 'holds Python objects (torch.nn',
                 id='holds a module'),
    pytest.param(lambda p: torch.save(dict(epoch=1), p),
                 'found a dict with the keys epoch', id='no weights'),
    pytest.param(lambda p: torch.save({}, p), 'holds no weights', id='{}'),
    pytest.param(lambda p: torch.save(torch.ones(1), p), 'found a Tensor',
                 id='a tensor'),
])
def test_bad_files_are_one_line_errors_that_name_the_file(
        write, words, tmp_path):
    path = tmp_path / 'weights.pth'
    write(path)
    with pytest.raises(CheckpointError) as caught:
        load_weights(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert '\n' not in message
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize('lazily', [False, True])
def test_no_flipped_bit_of_a_tensor_passes(lazily, tmp_path):
    """torch itself notices none of those within a tensor."""
    path = tmp_path / 'x.pth'
    tensors = {'a': torch.arange(64.), 'b': torch.arange(32)}
    torch.save(tensors, path)
    sound = path.read_bytes()
    unnoticed_by_torch = 0
    for place in range(0, len(sound), 7):
        content = bytearray(sound)
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        try:
            found = load_verified(path, lazily=lazily)
        except CheckpointError:
            try:
                torch.load(path, weights_only=True)
                unnoticed_by_torch += 1
            except Exception:
                pass
        else:  # it hit what holds nothing, such as padding
            assert all(torch.equal(found[k], tensors[k]) for k in tensors)
    assert unnoticed_by_torch > 20


def test_the_oldest_format_is_read_without_checksums(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(STATE, path, _use_new_zipfile_serialization=False)
    for lazily in (False, True):
        found = load_verified(path, lazily=lazily)
        assert torch.equal(found['a.weight'], STATE['a.weight'])


def test_load_strict_loads_everything():
    module = model()
    load_strict(module, STATE, 'x.pth')
    assert torch.equal(module['a'].weight, STATE['a.weight'])


@pytest.mark.parametrize('change, words', [
    pytest.param(dict(b=torch.ones(1)), '1 unexpected: b', id='unexpected'),
    pytest.param({'a.bias': None}, '1 missing: a.bias', id='missing'),
    pytest.param({'a.bias': torch.zeros(5)},
                 '1 of another shape: a.bias (5,) for (2,)', id='shape'),
])
def test_load_strict_names_what_does_not_fit_and_loads_nothing(change, words):
    state = {k: v for k, v in {**STATE, **change}.items() if v is not None}
    module = model()
    before = module['a'].weight.clone()
    with pytest.raises(CheckpointError, match='x.pth') as caught:
        load_strict(module, state, 'x.pth')
    assert words in str(caught.value)
    assert torch.equal(module['a'].weight, before)


def test_load_strict_allows_what_patterns_name():
    module = model()
    state = {'a.weight': STATE['a.weight'], 'head.bias': torch.ones(1)}
    load_strict(module, state, 'x.pth', allow_missing=['*.bias'],
                allow_unexpected=['head.*'])
    assert torch.equal(module['a'].weight, STATE['a.weight'])


def test_patterns_never_excuse_a_wrong_shape():
    with pytest.raises(CheckpointError, match='another shape'):
        load_strict(model(), {**STATE, 'a.bias': torch.ones(7)}, 'x.pth',
                    allow_missing=['*'], allow_unexpected=['*'])


def test_a_bare_string_of_patterns_is_refused():
    with pytest.raises(TypeError, match='sequence of patterns'):
        check_keys(STATE, STATE, 'x.pth', allow_missing='a.*')


def test_many_keys_are_counted_not_listed():
    state = {f'k{i:03}': torch.ones(1) for i in range(100)}
    with pytest.raises(CheckpointError, match='and 70 more'):
        check_keys({}, state, 'x.pth')


def test_weights_go_to_the_modules_dtype():
    module = model().double()
    load_strict(module, STATE, 'x.pth')
    assert module['a'].weight.dtype == torch.float64
