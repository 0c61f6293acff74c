"""tools/dev/docs_pictures.py shows typical images, not the best ones."""

import importlib.util
import json
import sys
from pathlib import Path

import cv2
import pytest

from mmdet_mal.structures.rle import bbox_rle, rle_area

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'dev' / 'docs_pictures.py'
SIDE_PX = 100


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('docs_pictures', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def files(tmp_path):
    """Five images with one object each; mask 10 i of 50 columns: IoU .2 i."""
    human, masks = [], []
    for number in range(1, 6):
        cv2.imwrite(str(tmp_path / f'{number}.png'),
                    cv2.UMat(SIDE_PX, SIDE_PX, cv2.CV_8UC3, (90, 90, 90)).get())
        for rows, width in ((human, 50), (masks, 10 * number)):
            rle = bbox_rle([0, 0, width, 40], (SIDE_PX, SIDE_PX))
            rows.append(dict(id=number, image_id=number, category_id=1, iscrowd=0,
                             bbox=[0, 0, 50, 40], segmentation=rle,
                             area=rle_area(rle)))
    images = [dict(id=n, file_name=f'{n}.png', width=SIDE_PX, height=SIDE_PX)
              for n in range(1, 6)]
    for name, rows in (('human', human), ('masks', masks)):
        (tmp_path / f'{name}.json').write_text(json.dumps(dict(
            images=images, annotations=rows, categories=[dict(id=1, name='a')])))
    return tmp_path


@pytest.mark.parametrize('count, expected', [(1, [3]), (2, [2, 4])])
def test_images_are_those_in_the_middle_by_iou(tool, files, count, expected):
    human = json.loads((files / 'human.json').read_text())
    assert tool.typical_images(str(files / 'masks.json'), human, count) == expected


def test_the_picture_has_three_columns_and_a_row_an_image(tool, files, monkeypatch):
    out = files / 'out.jpg'
    monkeypatch.setattr(sys, 'argv', ['x', str(out), *(
        str(files / name) for name in ('masks.json', 'human.json', '.')), '2'])
    tool.main()
    height, width = cv2.imread(str(out)).shape[:2]
    assert width == pytest.approx(3 * tool.CELL_PX[1], rel=.05)
    assert height == pytest.approx(2 * tool.CELL_PX[0], rel=.1)


def test_four_words_a_set_are_needed(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['x', 'out.jpg', 'masks.json', 'human.json'])
    with pytest.raises(SystemExit):
        tool.main()
    assert 'four words' in capsys.readouterr().err
