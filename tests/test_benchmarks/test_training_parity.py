"""Textbook and product train alike.

Accepted differences: the product's mean field stops when no probability moves by
more than 1e-3 (the textbook runs all rounds), and its grouping solves to 1e-4 of
the target (the textbook exactly).  Neither may show within the bounds below.
"""

import pytest
import torch
from mmengine.registry import DATASETS
from torch.utils.data import default_collate

from benchmarks.same_model import boxes_to_train, recipe_of, textbook_network
from benchmarks.textbook.training import Trainer
from benchmarks.training_step import make_paths
from mmdet_mal.utils.randomness import seeded

LOSS = 2e-5      # relative
GRADIENT = 2e-4  # norm of the difference over the norm
CHANGE = 2e-2    # likewise, of the change that three steps make


@pytest.fixture
def dataset(tiny_config):
    return DATASETS.build(tiny_config.train_dataloader.dataset)


@pytest.fixture
def boxes(tiny_config, drawn):
    return boxes_to_train(tiny_config, drawn)


def read(source, index, seed=0):
    with seeded(0, seed, 0, index):
        return source[index]


def batch_of(dataset, indices):
    """A batch as the product's loader gives it."""
    items = [read(dataset, i) for i in indices]
    return {key: {view: [item[key][view] for item in items]
                  for view in ('student', 'teacher')}
            for key in ('inputs', 'data_samples')}


def relative(one, other):
    return float((one - other).norm() / other.norm())


def flat(tensors):
    return torch.cat([t.detach().flatten() for t in tensors])


def test_both_read_the_same_crops(dataset, boxes, tiny_model):
    assert len(dataset) == len(boxes) > 10
    for index in range(len(boxes)):
        theirs = read(boxes, index)
        data = tiny_model.data_preprocessor(batch_of(dataset, [index]), True)
        for view in ('student', 'teacher'):
            torch.testing.assert_close(data['inputs'][view][0], theirs[view],
                                       rtol=0, atol=1e-6)
        sample = data['data_samples']['student'][0]
        # Boxes are kept in single precision by the product.
        torch.testing.assert_close(sample.gt_instances.bboxes[0], theirs['box'],
                                   rtol=0, atol=2e-3)
        assert sample.valid_bbox == pytest.approx(theirs['valid'].tolist(), abs=1e-4)
        assert sample.box_area == pytest.approx(float(theirs['area']), rel=1e-5)


def test_losses_and_gradients_agree(tiny_config, tiny_model, dataset, boxes):
    indices = range(12)
    trainer = Trainer(textbook_network(tiny_config, tiny_model.student),
                      recipe_of(tiny_config))
    theirs = trainer.losses(
        default_collate([read(boxes, i) for i in indices]))
    sum(theirs.values()).backward()

    tiny_model.train()
    data = tiny_model.data_preprocessor(batch_of(dataset, indices), True)
    ours = tiny_model(**data, mode='loss')
    sum(ours[f'loss_{name}'] for name in theirs).backward()

    assert set(theirs) == {'mil', 'crf', 'grouping'}
    for name, loss in theirs.items():
        assert loss.item() > 1e-3, name
        assert ours[f'loss_{name}'].item() == pytest.approx(
            loss.item(), rel=LOSS), name
    own = dict(tiny_model.student.named_parameters())
    plain = {name: p for name, p in trainer.student.named_parameters()
             if p.grad is not None}
    assert {n for n, p in own.items() if p.grad is not None} == plain.keys()
    assert relative(flat(own[n].grad for n in plain),
                    flat(p.grad for p in plain.values())) < GRADIENT


def test_weights_agree_after_three_steps(tiny_config, drawn, tmp_path):
    # Adam divides by the size of the gradient: where that is nothing but
    # rounding, weights move by their full rate in any direction.
    tiny_config.optim_wrapper.optimizer.eps = 1e-2
    # And changes large enough to stand above the rounding of what changes.
    tiny_config.param_scheduler[0].start_factor = .5
    tiny_config.custom_hooks[0].momentum = .2
    textbook, ours = make_paths(drawn, tmp_path, tiny_config)
    model, trainer = ours.runner.model, textbook.trainer
    start = flat(trainer.student.state_dict().values())
    assert torch.equal(start, flat(model.student.state_dict().values()))
    for _ in range(3):
        ours.step()
        textbook.step()
    for own, plain in ((model.student, trainer.student),
                       (model.teacher, trainer.teacher)):
        after = flat(plain.state_dict().values())
        own = flat(own.state_dict()[name] for name in plain.state_dict())
        assert float((after - start).norm()) > 0
        assert relative(own - start, after - start) < CHANGE
