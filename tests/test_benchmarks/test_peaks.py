"""Peaks of GPUs by name; none for what is not known."""

import pytest

from benchmarks.peaks import bf16_peak


@pytest.mark.parametrize('name, teraflops', [
    ('NVIDIA H100 80GB HBM3', 989.5),
    ('NVIDIA H100 PCIe', 756.0),
    ('NVIDIA H100 NVL', 835.5),
    ('NVIDIA H200', 989.5),
    ('NVIDIA H200 NVL', 835.5),
    ('NVIDIA A100-SXM4-80GB', 312.0),
    ('NVIDIA A100-PCIE-40GB', 312.0),
    ('NVIDIA A10', 125.0),
    ('NVIDIA L4', 121.0)])
def test_known(name, teraflops):
    assert bf16_peak(name) == teraflops * 1e12


@pytest.mark.parametrize('name', [
    'NVIDIA H100 80GB HBM3 MIG 1g.10gb', 'NVIDIA A10G', 'NVIDIA L40',
    'Tesla V100-SXM2-16GB', 'Tesla T4', 'NVIDIA H1000', ''])
def test_no_peak_rather_than_a_wrong_one(name):
    assert bf16_peak(name) is None
