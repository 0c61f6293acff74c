from pathlib import Path

import pytest
from mmengine.config import Config

from mmdet_mal.demo.shapes import SHAPES

CONFIG = (Path(__file__).resolve().parents[2]
          / 'configs/phase2/demo/mask-rcnn_r50_fpn_demo.py')


@pytest.mark.parametrize('folder', [None, '/elsewhere'])
def test_detector_reads_what_the_demo_writes(monkeypatch, folder):
    if folder is None:
        monkeypatch.delenv('MAL_DEMO_DIR', raising=False)
    else:
        monkeypatch.setenv('MAL_DEMO_DIR', folder)
    dataset = Config.fromfile(str(CONFIG)).train_dataloader.dataset
    root = folder or 'work_dirs/demo'
    assert dataset.ann_file == f'{root}/labels/train.json'
    assert dataset.data_prefix.img == f'{root}/data/images/'
    assert dataset.data_root == ''


def test_detector_knows_the_drawn_classes():
    config = Config.fromfile(str(CONFIG))
    assert config.train_dataloader.dataset.metainfo.classes == tuple(SHAPES)
    heads = config.model.roi_head
    assert heads.bbox_head.num_classes == heads.mask_head.num_classes == len(SHAPES)
    assert config.model.backbone.init_cfg is None
