"""Results do not depend on where in memory the operands happen to lie."""

import os
import subprocess
import sys

from mmdet_mal.utils.arithmetic import round_alike

PROGRAM = '''
import torch
import torch.nn.functional as F
import mmdet_mal
torch.set_num_threads(1)
torch.manual_seed(0)

def place(tensor, offset):
    room = torch.empty(tensor.numel() + 64)
    return room[offset:offset + tensor.numel()].view(tensor.shape).copy_(tensor)

for rows in range(1, 17):
    values, weights = torch.randn(rows, 256), torch.randn(64, 256)
    results = [F.linear(place(values, i), place(weights, i)) for i in range(14)]
    assert all(torch.equal(result, results[0]) for result in results), rows
'''


def test_equal_bits_for_every_alignment():
    environment = {k: v for k, v in os.environ.items() if k != 'MKL_CBWR'}
    subprocess.run([sys.executable, '-c', PROGRAM], check=True, env=environment)


def test_what_a_person_has_set_stays(monkeypatch):
    monkeypatch.setenv('MKL_CBWR', 'COMPATIBLE')
    round_alike()
    assert os.environ['MKL_CBWR'] == 'COMPATIBLE'
    monkeypatch.delenv('MKL_CBWR')
    round_alike()
    assert os.environ['MKL_CBWR'] == 'AUTO,STRICT'
