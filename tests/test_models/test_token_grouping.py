"""Token grouping: exact solution, two-class scene, masks, invariances."""
import pytest
import torch

from mmdet_mal.models.token_grouping import (_conjugate_gradients,
                                             group_tokens, repeat_edge)
from mmdet_mal.utils.setting_error import SettingError


@pytest.fixture
def scene():
    """Tokens of an object (cells 2-4 x 2-4) in a box one cell wider."""
    torch.manual_seed(0)
    tokens = torch.randn(2, 16, 8, 8) * .1
    tokens[:, 0] += 1.
    tokens[:, 0, 2:5, 2:5] -= 2.
    box = torch.zeros(2, 8, 8, dtype=torch.bool)
    box[:, 1:6, 1:6] = True
    return tokens, box, torch.ones_like(box)


def test_conjugate_gradients_solve_the_system():
    torch.manual_seed(0)
    root = torch.randn(3, 20, 20)
    matrix, target = root @ root.mT, torch.randn(3, 20)
    solution = _conjugate_gradients(matrix, 5., target, max_iters=200,
                                    tolerance=1e-6)
    system = matrix + 5 * torch.eye(20)
    torch.testing.assert_close((system @ solution[..., None])[..., 0], target,
                               atol=1e-3, rtol=1e-3)


def test_without_relabelling_it_is_weighted_ridge_regression(scene):
    tokens, box, valid = scene
    scores = group_tokens(tokens, box, valid, ridge=2., rounds=0)
    x = tokens.flatten(2).mT
    x = torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=-1)
    x = torch.cat([x, torch.full((2, 64, 1), .3)], -1)
    y = torch.where(box.flatten(1), 1., -1.)
    w = torch.where(box.flatten(1), 64 / 2 / 25, 64 / 2 / 39)
    for n in range(2):
        # Primal form: (X^T W X + ridge) beta = X^T W y.
        normal = x[n].T @ (w[n, :, None] * x[n]) + 2. * torch.eye(17)
        beta = torch.linalg.inv(normal) @ (x[n].T @ (w[n] * y[n]))
        torch.testing.assert_close(scores[n].flatten(), x[n] @ beta,
                                   atol=1e-3, rtol=1e-3)


def test_ground_inside_the_box_is_found(scene):
    tokens, box, valid = scene
    found = group_tokens(tokens, box, valid) > 0
    expected = torch.zeros_like(box)
    expected[:, 2:5, 2:5] = True
    assert torch.equal(found & box, expected)


def test_scale_and_offset_of_the_features_do_not_matter(scene):
    tokens, box, valid = scene
    torch.testing.assert_close(
        group_tokens(tokens, box, valid),
        group_tokens(tokens * 7 + 3, box, valid), atol=1e-3, rtol=1e-3)


def test_tokens_off_the_image_have_no_say(scene):
    tokens, box, valid = scene
    valid = valid.clone()
    valid[..., 6:] = False
    changed = tokens.clone()
    changed[..., 6:] += 3 * torch.randn(2, 16, 8, 2) + 1
    torch.testing.assert_close(
        group_tokens(tokens, box, valid)[..., :6],
        group_tokens(changed, box, valid)[..., :6], atol=1e-3, rtol=1e-3)


def test_crops_do_not_influence_each_other(scene):
    tokens, box, valid = scene
    torch.testing.assert_close(
        group_tokens(tokens, box, valid)[:1],
        group_tokens(tokens[:1], box[:1], valid[:1]), atol=1e-3, rtol=1e-3)


def test_ridge_must_be_positive(scene):
    with pytest.raises(ValueError, match='ridge'):
        group_tokens(*scene, ridge=0.)


@pytest.mark.parametrize('rows, cols', [
    pytest.param((0, 3), (0, 4), id='all valid'),
    pytest.param((1, 3), (0, 2), id='top and right'),
    pytest.param((0, 1), (3, 4), id='one row, last column'),
])
def test_edges_are_repeated_beyond_the_image(rows, cols):
    scores = torch.arange(12.).reshape(1, 3, 4)
    valid = torch.zeros(1, 3, 4, dtype=torch.bool)
    valid[:, slice(*rows), slice(*cols)] = True
    expected = torch.tensor([[[
        scores[0, min(max(y, rows[0]), rows[1] - 1),
               min(max(x, cols[0]), cols[1] - 1)]
        for x in range(4)] for y in range(3)]])
    assert torch.equal(repeat_edge(scores, valid), expected)


def test_a_crop_without_a_valid_cell_is_left_alone():
    scores = torch.randn(1, 3, 4)
    valid = torch.zeros(1, 3, 4, dtype=torch.bool)
    assert torch.equal(repeat_edge(scores, valid), scores)


def test_a_crop_is_grouped_alike_in_any_batch(scene):
    tokens, box, valid = scene
    torch.manual_seed(1)
    # The second crop is hard: its system takes more rounds than the first's.
    tokens[1] = torch.randn(16, 8, 8)
    both = group_tokens(tokens, box, valid)
    for n in range(2):
        alone = group_tokens(tokens[n:n + 1], box[n:n + 1], valid[n:n + 1])
        torch.testing.assert_close(both[n], alone[0], atol=1e-6, rtol=1e-5)


def test_a_crop_without_numbers_spoils_no_other(scene):
    tokens, box, valid = scene
    alone = group_tokens(tokens[:1], box[:1], valid[:1])
    tokens[1] = torch.nan
    both = group_tokens(tokens, box, valid)
    torch.testing.assert_close(both[0], alone[0], atol=1e-6, rtol=1e-5)
    assert both[1].isnan().all()


@pytest.mark.parametrize('channels', [16, 63, 64, 200])
def test_the_direct_solution_is_that_of_the_iteration(channels):
    """Few features and many, against the tokens: both forms of the system."""
    torch.manual_seed(0)
    tokens = torch.randn(3, channels, 8, 8)
    tokens[:, :8, 2:5, 2:5] += 1.5
    box = torch.zeros(3, 8, 8, dtype=torch.bool)
    box[:, 1:6, 1:7] = True
    valid = torch.ones_like(box)
    valid[1, :, :2] = False
    valid[2] = False  # a crop that shows nothing of its image
    direct, iterative = (group_tokens(tokens, box, valid, solver=solver)
                         for solver in ('direct', 'iterative'))
    torch.testing.assert_close(direct, iterative, atol=1e-3, rtol=0)
    sure = iterative.abs() > 1e-3
    assert torch.equal((direct > 0)[sure], (iterative > 0)[sure])
    assert sure[:2].float().mean() > .9
    assert torch.equal(direct, group_tokens(tokens, box, valid))  # on a CPU


def exact_scores(tokens, box, ridge, rounds=4):
    """The same classifier by the whole inverse, in fp64."""
    count = box[0].numel()
    x = tokens.flatten(2).mT
    x = torch.nn.functional.normalize(x - x.mean(1, keepdim=True), dim=-1)
    x = torch.cat([x, torch.full((*x.shape[:2], 1), .3)], -1).double()
    inside = box.flatten(1)
    share = torch.where(inside, inside.sum(1, keepdim=True),
                        (~inside).sum(1, keepdim=True))
    w = count / 2 / share.double()
    y = torch.where(inside, 1., -1.).double()
    for step in range(rounds + 1):
        scores = torch.stack([
            x[n] @ torch.linalg.solve(
                x[n].T @ (w[n, :, None] * x[n])
                + ridge * torch.eye(x.shape[2]).double(), x[n].T @ (w[n] * y[n]))
            for n in range(len(x))])
        if step < rounds:
            y = torch.where(inside & (scores > 0), 1., -1.).double()
    return scores.unflatten(1, box.shape[1:]).float()


@pytest.mark.parametrize('channels', [16, 200], ids=['features', 'tokens'])
@pytest.mark.parametrize('ridge', [10., 1e-3, 1e-4, 1e-6])
def test_a_small_ridge_is_solved_for_tokens_that_are_alike(ridge, channels):
    """In fp32 such a system has no Cholesky factor, or a wrong one."""
    torch.manual_seed(0)
    tokens = torch.randn(4, channels, 1, 1) * torch.randn(4, 1, 8, 8)
    box = torch.zeros(4, 8, 8, dtype=torch.bool)
    box[:, 1:6, 1:7] = True
    scores = group_tokens(tokens, box, torch.ones_like(box), ridge=ridge)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, exact_scores(tokens, box, ridge),
                               atol=1e-2, rtol=0)


def test_a_ridge_that_cannot_be_seen_is_an_error():
    tokens = torch.ones(1, 300, 8, 8)
    tokens[:, 0, :4] = 2
    box = torch.zeros(1, 8, 8, dtype=torch.bool)
    box[:, 1:6, 1:7] = True
    with pytest.raises(SettingError, match='token grouping, 1e-30, is too small'):
        group_tokens(tokens, box, torch.ones_like(box), ridge=1e-30)


def test_two_threads_solve_as_one_does():
    torch.manual_seed(3)
    tokens, box = torch.randn(4, 150, 14, 14), torch.zeros(4, 14, 14).bool()
    box[:, 3:11, 3:11] = True
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(group_tokens(tokens, box, torch.ones_like(box)))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*found, atol=1e-4, rtol=0)


def test_a_solver_that_is_none():
    box = torch.ones(1, 2, 2, dtype=torch.bool)
    with pytest.raises(ValueError, match="got 'exact'"):
        group_tokens(torch.ones(1, 3, 2, 2), box, box, solver='exact')
