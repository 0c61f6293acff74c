import json

import pytest

from mmdet_mal.ablation.data import AblationData
from mmdet_mal.utils.errors import UserError


def options(files):
    return [str(files / name) for name in ('boxes.json', 'images', 'human.json')]


def test_an_even_choice_of_images_is_scored(files):
    data = AblationData.from_options(*options(files), score_number=3)
    scored = data.scored()
    # Of 0 to 5: 0, 2.5 (half to even) and 5.
    assert [image['id'] for image in scored['images']] == [1, 3, 6]
    assert {ann['image_id'] for ann in scored['annotations']} == {1, 3, 6}


def test_coco_mini_is_the_default(tmp_path, monkeypatch):
    mini = tmp_path / 'coco_mini'
    (mini / 'annotations').mkdir(parents=True)
    (mini / 'images').mkdir()
    for name in ('boxes_train', 'instances_train'):
        (mini / 'annotations' / f'{name}.json').write_text('{}')
    monkeypatch.setenv('MAL_DATA_ROOT', str(tmp_path))
    data = AblationData.from_options()
    assert data.boxes == str(mini / 'annotations' / 'boxes_train.json')
    # Settings may be compared on human masks of training photographs only.
    assert data.human == str(mini / 'annotations' / 'instances_train.json')
    assert data.images == data.score_images == str(mini / 'images')


@pytest.mark.parametrize('change, message', [
    (dict(boxes=None, images=None), 'set MAL_DATA_ROOT'),
    (dict(images=None), 'belong together'),
    (dict(human=None), 'without --human'),
    (dict(boxes='gone.json'), 'gone.json: no such file'),
    (dict(human='gone.json'), 'gone.json: no such file'),
    (dict(images='gone'), 'gone: no such folder'),
    (dict(score_number=0), 'expected 1 or more'),
])
def test_mistakes_are_told(files, tmp_path, monkeypatch, change, message):
    monkeypatch.setenv('MAL_DATA_ROOT', str(tmp_path / 'nowhere'))
    boxes, images, human = options(files)
    with pytest.raises(UserError, match=message):
        AblationData.from_options(**{
            **dict(boxes=boxes, images=images, human=human), **change})


def test_a_file_without_masks_cannot_be_scored(files):
    boxes, images, _ = options(files)
    data = AblationData.from_options(boxes, images, boxes)
    with pytest.raises(UserError, match='no segmentation'):
        data.scored()


def test_no_boxes_to_score(files):
    human = json.loads((files / 'human.json').read_text())
    (files / 'human.json').write_text(json.dumps(dict(human, annotations=[])))
    with pytest.raises(UserError, match='no boxes to be scored'):
        AblationData.from_options(*options(files)).scored()
