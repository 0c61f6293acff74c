"""A training whose annotations are not there: the message, and what is left alone."""

import pytest

from mmdet_mal.utils.annotation_paths import check_annotation_paths
from mmdet_mal.utils.errors import UserError


def config(loader='train_dataloader', **dataset):
    return {loader: dict(dataset=dict(type='CocoDataset', **dataset))}


def refusal(cfg):
    with pytest.raises(UserError) as error:
        check_annotation_paths(cfg, 'mine.py')
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_missing_file_is_named_with_its_setting(tmp_path):
    message = refusal(config(data_root=f'{tmp_path}/', ann_file='masks.json'))
    assert message.startswith(f'{tmp_path}/masks.json: annotation file not found')
    assert 'train_dataloader.dataset.ann_file of mine.py' in message
    assert 'MAL_ANN' in message and 'MAL_HUMAN_ANN' in message


@pytest.mark.parametrize('dataset, key', [
    (dict(type='ClassBalancedDataset', dataset=dict(ann_file='gone.json')),
     'train_dataloader.dataset.dataset.ann_file'),
    (dict(type='ConcatDataset', datasets=[dict(ann_file=''),
                                          dict(ann_file='gone.json')]),
     'train_dataloader.dataset.datasets.1.ann_file'),
    (dict(type='mmdet_mal.ScoredCocoDataset', ann_file='gone.json'),
     'train_dataloader.dataset.ann_file'),
], ids=['repeated', 'concatenated', 'weighted by score'])
def test_below_wrappers_too(dataset, key):
    assert f'set by {key}' in refusal(dict(train_dataloader=dict(dataset=dataset)))


def test_validation_is_looked_at_without_talk_of_masks():
    message = refusal(config('val_dataloader', ann_file='gone.json'))
    assert 'val_dataloader.dataset.ann_file' in message
    assert 'MAL_ANN' not in message


def test_a_folder_is_no_file(tmp_path):
    assert str(tmp_path) in refusal(config(ann_file=str(tmp_path)))


@pytest.mark.parametrize('cfg', [
    dict(), dict(train_dataloader=None), config(ann_file=''),
    config(ann_file='http://host/masks.json'),
    config(ann_file='masks.json', backend_args=dict(backend='petrel')),
    dict(train_dataloader=dict(dataset=dict(
        type='mmdet_mal.BoxInstanceDataset', ann_file='gone.json'))),
], ids=['nothing', 'no loader', 'no file', 'address', 'backend', 'our reader'])
def test_left_alone(cfg):
    check_annotation_paths(cfg, 'mine.py')


def test_a_file_that_is_there_passes(tmp_path):
    (tmp_path / 'masks.json').write_text('{}')
    check_annotation_paths(
        config(data_root=str(tmp_path), ann_file='masks.json'), 'mine.py')
