"""Labelling through MMEngine's test loop: whole, cut off, on two ranks."""

import json
import signal

import numpy as np
import pytest
import torch
from label_helpers import FORK, CountHook, DiskModel, KillHook, build_runner, label

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.structures.rle import rle_to_mask


def test_writes_a_valid_file_with_everything_in_it(boxes, tmp_path, expected):
    out_file = tmp_path / 'whole/masks.json'
    assert validate_labels(str(boxes), str(out_file)) == []
    out = json.loads(expected)
    annotations = {a['id']: a for a in out['annotations']}
    fallbacks = {i: a['mal'].get('fallback') for i, a in annotations.items()}
    assert fallbacks == {
        0: 'empty_mask', 1: None, 2: None, 10: None, 11: 'bbox_nan', 12: None,
        20: 'image_unreadable', 21: 'image_unreadable', 22: 'image_unreadable',
        30: None, 31: None, 32: 'crowd_box'}
    mask = rle_to_mask(annotations[1]['segmentation'])
    rows, columns = np.nonzero(mask)
    assert columns.mean() + .5 == pytest.approx(21 + 4, abs=.6)
    assert rows.mean() + .5 == pytest.approx(15 + 8, abs=.6)
    assert annotations[1]['score'] == pytest.approx(.9**.5, abs=.03)
    assert set(out['info']['mal']) == {'checkpoint_sha256', 'config_sha256',
                                       'input_sha256', 'version'}


def test_says_what_it_did(boxes, tmp_path, expected):
    summary = json.loads((tmp_path / 'whole/masks.run/summary.json').read_text())
    assert summary['fallbacks'] == dict(bbox_nan=1, empty_mask=1, image_unreadable=3)
    assert summary['masks'] == 6 and summary['crowds'] == 1
    (reason, count), = summary['reasons'].items()
    assert '2.png' in reason and count == 3


def test_out_file_and_run_dir_are_options(boxes, tmp_path, expected):
    label_at = dict(out_file=str(tmp_path / 'x/a.json'), run_dir='{work_dir}/r')
    build_runner(boxes, tmp_path / 'w', **label_at).test()
    assert (tmp_path / 'x/a.json').read_bytes() == expected
    assert (tmp_path / 'w/r/manifest.json').exists()
    assert not (tmp_path / 'w/masks.json').exists()


@pytest.mark.parametrize('after', [0, 1, 3])
def test_resumes_where_it_was_killed(boxes, tmp_path, expected, after):
    work_dir = tmp_path / 'cut'
    process = FORK.Process(target=label, args=(boxes, work_dir),
                           kwargs=dict(hooks=[KillHook(after)]))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (work_dir / 'masks.json').exists()
    count = CountHook()
    assert label(boxes, work_dir, hooks=[count]) == expected
    assert count.chunks == 4 - after
    # A run that is whole is only merged again.
    count = CountHook()
    assert label(boxes, work_dir, hooks=[count]) == expected
    assert count.chunks == 0


def label_as_rank(boxes, work_dir, rank):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{work_dir}.rendezvous', rank=rank, world_size=2)
    try:
        build_runner(boxes, work_dir).test()
    except LabelRunError as error:
        (work_dir.parent / f'error{rank}').write_text(str(error))
        raise SystemExit(3) from None


def label_on_two_ranks(boxes, work_dir):
    ranks = [FORK.Process(target=label_as_rank, args=(boxes, work_dir, rank))
             for rank in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(60)
        process.kill()
    return [process.exitcode for process in ranks]


def test_two_ranks_write_the_same_bytes(boxes, tmp_path, expected):
    assert label_on_two_ranks(boxes, tmp_path / 'two') == [0, 0]
    assert (tmp_path / 'two/masks.json').read_bytes() == expected
    shards = sorted((tmp_path / 'two/masks.run/shards').iterdir())
    assert [p.name for p in shards] == ['rank0.jsonl', 'rank1.jsonl']
    assert all(p.stat().st_size for p in shards)


def test_refusal_ends_all_ranks(boxes, tmp_path):
    work_dir = tmp_path / 'two'
    label(boxes, work_dir, radius=5.)
    assert label_on_two_ranks(boxes, work_dir) == [3, 3]
    for rank in range(2):
        assert 'checkpoint: ' in (tmp_path / f'error{rank}').read_text()


def test_other_weights_are_refused_or_restart(boxes, tmp_path, expected):
    work_dir = tmp_path / 'whole'
    with pytest.raises(LabelRunError, match='checkpoint: .*weights in memory'):
        label(boxes, work_dir, radius=5.)
    with pytest.raises(LabelRunError, match='delta: None then, 1 now'):
        label(boxes, work_dir, options=dict(delta=1))
    assert (work_dir / 'masks.json').read_bytes() == expected
    assert label(boxes, work_dir, radius=5., if_changed='restart') != expected


@pytest.mark.parametrize('precision', ['fp32', 'bf16'])
def test_the_manifest_has_the_precision_that_the_model_ran_in(
        boxes, tmp_path, monkeypatch, precision):
    seen = []
    forward = DiskModel.forward

    def watch(self, *args, **kwargs):
        seen.append(torch.is_autocast_enabled('cpu'))
        return forward(self, *args, **kwargs)

    monkeypatch.setattr(DiskModel, 'forward', watch)
    runner = build_runner(boxes, tmp_path / 'w')
    runner._test_loop.update(precision=precision)
    runner.test()
    assert seen and set(seen) == {precision == 'bf16'}
    manifest = json.loads((tmp_path / 'w/masks.run/manifest.json').read_text())
    assert manifest['options']['precision'] == precision


def test_a_run_does_not_go_on_in_another_precision(boxes, tmp_path, expected):
    manifest = json.loads((tmp_path / 'whole/masks.run/manifest.json').read_text())
    then = manifest['options']['precision']  # of this processor
    now = 'fp32' if then == 'bf16' else 'bf16'
    runner = build_runner(boxes, tmp_path / 'whole')
    runner._test_loop.update(precision=now)
    with pytest.raises(LabelRunError, match=f"precision: '{then}' then, '{now}' now"):
        runner.test()
    assert (tmp_path / 'whole/masks.json').read_bytes() == expected


def test_checkpoint_file_names_the_weights(boxes, tmp_path, expected):
    checkpoint = tmp_path / 'c.pth'
    torch.save(dict(state_dict=DiskModel().state_dict()), checkpoint)
    runner = build_runner(boxes, tmp_path / 'w')
    runner._load_from = str(checkpoint)
    runner.test()
    manifest = json.loads((tmp_path / 'w/masks.run/manifest.json').read_text())
    assert manifest['names']['checkpoint'] == str(checkpoint)
    out = json.loads((tmp_path / 'w/masks.json').read_text())
    # As text, since NaN is not equal to itself.
    assert json.dumps(out['annotations']) == json.dumps(
        json.loads(expected)['annotations'])
    assert out['info']['mal']['checkpoint_sha256'] == manifest['checkpoint_sha256']


def test_unwritable_output_fails_before_inference(boxes, tmp_path):
    (tmp_path / 'file').write_text('')
    count = CountHook()
    runner = build_runner(boxes, tmp_path / 'w', hooks=[count],
                          out_file=str(tmp_path / 'file/masks.json'))
    with pytest.raises(LabelRunError, match='cannot write the masks JSON') as error:
        runner.test()
    assert '\n' not in str(error.value) and count.chunks == 0


def test_other_data_sets_are_refused(boxes, tmp_path):
    runner = build_runner(boxes, tmp_path / 'w')
    runner.test_loop.dataloader.dataset.__dict__.pop('chunk_boxes')
    with pytest.raises(LabelRunError, match='LabelChunkDataset'):
        runner.test()


def test_resuming_needs_the_chunk_sampler(boxes, tmp_path, expected):
    with pytest.raises(LabelRunError, match='cannot resume with a DefaultSampler'):
        label(boxes, tmp_path / 'whole', sampler='DefaultSampler')


def test_a_first_run_does_not(boxes, tmp_path, expected):
    # DefaultSampler shuffles and repeats: the labels are the same.
    assert label(boxes, tmp_path / 'other', sampler='DefaultSampler') == expected
