"""The GPU benchmark from end to end, tiny and on the CPU."""

import json

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu_parts import training, whole
from benchmarks.gpu_parts.report import page
from mmdet_mal.cost.data_sets import NAMED
from mmdet_mal.cost.profile import Profile
from mmdet_mal.cost.table import cost_table

TINY = ['--device', 'cpu', '--tiny', '--batches', '2', '1', '--steps', '2',
        '--crops', '3', '--rounds', '1', '--variants', 'checkpoint']


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Folder and figures of one dry run."""
    folder = tmp_path_factory.mktemp('gpu')
    gpu.measure(gpu.parse([*TINY, '--out', str(folder)]))
    return folder, json.loads((folder / 'gpu.json').read_text())


@pytest.mark.slow
def test_every_part_is_measured(run):
    folder, figures = run
    assert figures['failed'] == {} and figures['tiny'] is True
    rows = figures['training']
    assert [(row['variant'], row['batch']) for row in rows[:2]] == [
        ('plain', 1), ('plain', 2)]
    assert rows[2]['variant'] == 'checkpoint' and len(rows) == 3
    for row in rows:
        assert row['steps'] == 2 and row['loss'] > 0
        assert row['crops_per_second'] == pytest.approx(
            row['batch'] * row['steps_per_second'])
        # A CPU is in no table of peaks.
        assert row['share_of_peak'] is None
    assert figures['labelling']['crops'] == 3
    assert [row['samples_per_second'] > 0 for row in figures['loader']] == [True] * 2
    for part in ('textbook_step', 'mean_field'):
        assert set(figures[part]['ratio']) == {'textbook', 'ours'}
    assert figures['labelling']['masks_per_second'] > 0
    text = (folder / 'gpu.md').read_text()
    for words in ('Dry run', 'Training steps', 'Labelling', 'Loader', 'mean field',
                  'teacher forward', 'Precision and device', 'Whole run',
                  'Where the time goes', 'mal cost coco --profile profile.json'):
        assert words in text


@pytest.mark.slow
def test_the_formula_stands_beside_the_counter(run):
    """Fused attention counts as nothing on a CPU, so the counter is lower."""
    operations = run[1]['operations']
    assert .9 * operations['by_formula']['step'] < operations['by_counter']
    assert operations['by_counter'] <= 1.01 * operations['by_formula']['step']


@pytest.mark.slow
def test_mixed_precision_changes_little(run):
    """Autocast is forced on a CPU, which computes fp32 by itself."""
    (row, ) = run[1]['parity']
    assert row['compared'] == 'bfloat16 autocast with fp32'
    assert 0 < row['loss_difference'] < .02  # 0: there was no autocast
    assert row['gradient_cosine'] > .95 and row['equal_labels'] > .95


@pytest.mark.slow
def test_a_whole_run_has_both_guards(run):
    rows = run[1]['whole']
    assert [row['guard'] for row in rows] == list(whole.GUARDS)
    assert all(row['crops_per_second'] > 0 for row in rows)


@pytest.mark.slow
def test_the_kernels_of_a_step_add_up(run):
    rows = run[1]['kernels']
    for what in ('training step', 'labelled batch'):
        first, *others = (row for row in rows if row['of'] == what)
        assert first['kernel'] == 'all' and len(others) == 12
        assert sum(row['ms'] for row in others) <= first['ms'] * 1.001
        assert others[0]['share'] == max(row['share'] for row in others) > 0


@pytest.mark.slow
def test_a_profile_for_the_cost_of_data_sets_is_written(run):
    folder, figures = run
    profile = Profile.load(folder / 'profile.json')
    assert profile.note.startswith('DRY RUN') and profile.kind == 'cpu'
    best = max(figures['training'][:2], key=lambda row: row['crops_per_second'])
    assert profile.train_seconds == pytest.approx(1 / best['crops_per_second'])
    assert profile.decode_seconds > 0 < profile.label_load_seconds
    rows = cost_table(profile, NAMED['coco'], [1, 8], 8)['rows']
    assert rows[0]['training']['hours'] > rows[1]['training']['hours'] > 0


@pytest.mark.slow
def test_checkpointing_does_not_change_the_losses(run):
    *plain, thrifty = run[1]['training']
    same, = (row for row in plain if row['batch'] == thrifty['batch'])
    assert thrifty['loss'] == same['loss']


def test_the_batch_that_does_not_fit_is_the_last(monkeypatch):
    def measured(bench, variant, size):
        if size > 8:
            raise torch.OutOfMemoryError('CUDA out of memory')
        return dict(crops_per_second=size)

    monkeypatch.setattr(training, '_time', measured)
    bench = gpu.Bench(torch.device('cpu'), True, float('inf'), 1, 1, 1)
    rows = training.measure(bench, [4, 8, 16, 32])
    assert [row['batch'] for row in rows] == [4, 8, 16]
    assert rows[-1]['note'] == 'does not fit into the memory'


def test_what_was_measured_outlives_the_batch_that_fails(monkeypatch):
    def measured(bench, variant, size):
        if size > 4:
            raise RuntimeError('cuDNN error:\nCUDNN_STATUS_ALLOC_FAILED')
        return dict(crops_per_second=size)

    monkeypatch.setattr(training, '_time', measured)
    bench = gpu.Bench(torch.device('cpu'), True, float('inf'), 1, 1, 1)
    rows = training.measure(bench, [4, 8, 16])
    assert [row['batch'] for row in rows] == [4, 8]
    assert rows[1]['note'] == 'failed: cuDNN error: CUDNN_STATUS_ALLOC_FAILED'
    with pytest.raises(RuntimeError, match='cuDNN'):
        training.measure(bench, [8])


def test_chosen_parts_and_each_variant_by_itself(monkeypatch, tmp_path):
    """The batch is the largest that was given; one that fails stops no other."""
    path = tmp_path / 'gpu.json'
    before = []

    def measured(bench, variant, size):
        before.append(path.exists() and json.loads(path.read_text())['training'])
        if variant == 'compile':
            raise ValueError('no compiler')
        return dict(variant=variant, batch=size)

    monkeypatch.setattr(gpu.training, 'measure_one', measured)
    figures = gpu._measure_all(gpu.parse(
        ['--device', 'cpu', '--tiny', '--out', str(tmp_path), '--batches', '2',
         '32', '8', '--parts', 'variants', '--variants', 'checkpoint', 'compile',
         'graphs']))
    done = [dict(variant=name, batch=32) for name in ('checkpoint', 'graphs')]
    assert figures['training'] == figures['variants'] == done
    assert figures['failed'] == {'variant compile': 'ValueError: no compiler'}
    # What was measured is written before the next begins.
    assert before == [False, done[:1], done[:1]]


def test_a_failed_part_is_noted_and_the_others_go_on(monkeypatch, tmp_path):
    def fail(*_):
        raise RuntimeError('no kernel\nfor this')

    monkeypatch.setattr(gpu.training, 'count_operations', fail)
    monkeypatch.setattr(gpu.training, 'measure', fail)
    for module, name in ((gpu.labelling, 'measure'),
                         (gpu.compare, 'training_step'),
                         (gpu.compare, 'mean_field'), (gpu.loader, 'measure'),
                         (gpu.parity, 'measure')):
        monkeypatch.setattr(module, name, lambda *_: {})
    figures = gpu._measure_all(gpu.parse([*TINY, '--out', str(tmp_path)]))
    assert set(figures['failed']) == {
        'operations', 'training', 'profile', 'whole', 'kernels', 'variants'}
    assert figures['failed']['training'] == 'RuntimeError: no kernel for this'
    assert 'no kernel for this' in page(figures)
    assert json.loads((tmp_path / 'gpu.json').read_text())['failed']


def test_without_time_nothing_is_begun(tmp_path):
    figures = gpu._measure_all(gpu.parse(
        [*TINY, '--minutes', '0', '--out', str(tmp_path)]))
    assert len(figures['failed']) == 11
    assert 'no time was left' in page(figures)


def test_without_a_gpu_it_says_what_works(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr('sys.argv', ['gpu'])
    with pytest.raises(SystemExit, match='--device cpu --tiny'):
        gpu.main()
