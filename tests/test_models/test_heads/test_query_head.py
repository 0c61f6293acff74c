"""Query decoder: masked attention, dependence on the whole map."""
import pytest
import torch

from mmdet_mal.models.heads import QueryMaskHead
from mmdet_mal.models.heads.query_head import blocked_tokens


@pytest.fixture
def head():
    torch.manual_seed(0)
    head = QueryMaskHead([8], channels=16, num_layers=1, num_heads=2,
                         feedforward_channels=32).eval()
    head.init_weights()
    return head


@pytest.mark.parametrize('scores, blocked', [
    ([[1., -1.], [-1., 2.]], [False, True, True, False]),
    ([[-1., -1.], [-1., -1.]], [False] * 4),
    ([[1., 1.], [1., 1.]], [False] * 4),
    ([[0., -1.], [-1., -1.]], [False, True, True, True]),
], ids=['partly', 'an empty mask blocks nothing', 'a full one', 'a half'])
def test_tokens_outside_the_mask_are_blocked(scores, blocked):
    assert blocked_tokens(torch.tensor([scores]),
                          (2, 2)).tolist() == [blocked]


def test_scores_are_brought_to_the_resolution_of_the_tokens():
    scores = torch.full((1, 8, 8), -1.)
    scores[:, :, :4] = 1.
    assert blocked_tokens(scores, (1, 2)).tolist() == [[False, True]]


def test_the_query_reads_the_tokens_inside_its_mask_alone(head):
    with torch.no_grad():
        embedding = head.mask_embed(
            head.transformer.post_norm(head.query.weight))
    # Positive scores on the left half, negative ones on the right.
    side = torch.tensor([1., 1., -1., -1.]).expand(4, 4)
    value = embedding.view(1, 16, 1, 1) * side
    memory = torch.randn(1, 16, 4, 4)
    before = head.read(memory, value)
    memory[..., 2:] += 5.
    assert torch.equal(head.read(memory, value), before)
    memory[..., :2] += 5.
    assert not torch.allclose(head.read(memory, value), before)


def test_tokens_at_other_places_are_read_otherwise(head):
    """Through the position encoding; K of the attention decoder is blind."""
    value = torch.zeros(1, 16, 4, 4)
    memory = torch.randn(1, 16, 4, 4)
    assert not torch.allclose(head.read(memory, value),
                              head.read(memory.flip(-1), value))


def test_scores_are_the_inner_product_of_the_embedding_with_v(head):
    feat = torch.randn(2, 8, 4, 4)
    scores, query = head.score_map(feat, (8, 8))
    embedding, value = head.mask_embed(query), head.value(feat)
    expected = (embedding[:, :, None, None] * value).sum(1)
    torch.testing.assert_close(scores, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('name, wrong', [
    ('channels', dict(channels=6, num_heads=2)),
    ('channels', dict(channels=16, num_heads=3)),
    ('num_layers', dict(channels=16, num_layers=0))], ids=str)
def test_wrong_settings_are_refused(name, wrong):
    with pytest.raises(ValueError, match=name):
        QueryMaskHead([8], **wrong)
