"""Rows of a batch are picked, put back, and keep their gradients."""
import torch

from mmdet_mal.models.heads.rows import take_rows


def test_rows_are_those_of_plain_indexing():
    x = torch.randn(4, 3, 2, 5, requires_grad=True)
    for rows in ([2, 0], [3], [1, 1, 0]):
        taken = take_rows(x, rows)
        assert torch.equal(taken, x[rows])
        assert taken.is_contiguous(memory_format=torch.channels_last)
    take_rows(x, [1, 1]).sum().backward()
    assert x.grad.sum((1, 2, 3)).tolist() == [0., 60., 0., 0.]


def test_all_rows_in_order_are_the_tensor_itself():
    x = torch.randn(3, 2)
    assert take_rows(x, [0, 1, 2]) is x
    assert torch.equal(take_rows(x, [2, 1, 0]), x.flip(0))
