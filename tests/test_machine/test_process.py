"""Threads, denormals, and the line that says so."""

import os
import subprocess
import sys

import pytest

from mmdet_mal.machine.process import choose_threads, keep_freed_memory

SCRIPT = """
import os
os.sched_getaffinity = lambda _: set(range(3))
import torch
from mmdet_mal.machine.precision import Precision
from mmdet_mal.machine.process import prepare_process
tiny = torch.full((1 << 16, ), 1e-39)
assert (tiny * 0.5).max() > 0
print(prepare_process(Precision('fp32', 'a test')))
print(torch.get_num_threads(), float((tiny * 0.5).max()))
"""


MALLOC = """
import ctypes
import resource
from mmdet_mal.machine.process import keep_freed_memory
kept = keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
faults = []
for _ in range(4):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pieces = [libc.malloc(20 << 20) for _ in range(6)]
    for piece in pieces:
        ctypes.memset(piece, 1, 20 << 20)
    for piece in pieces:
        libc.free(piece)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(kept, faults[0] > 1000, faults[-1] < 100)
"""


@pytest.fixture
def clean(monkeypatch):
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'LOCAL_WORLD_SIZE'):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize('cores, ranks, threads', [
    (8, 1, 8), (8, 2, 4), (2, 8, 1), (1, 1, 1)])
def test_cores_are_shared_among_the_processes(clean, cores, ranks, threads):
    assert choose_threads(cores, ranks)[0] == threads


@pytest.mark.parametrize('name', ['OMP_NUM_THREADS', 'MKL_NUM_THREADS'])
def test_what_a_person_has_set_stays(clean, monkeypatch, name):
    monkeypatch.setenv(name, '3')
    assert choose_threads(8) == (None, f'{name}=3 is set')


def test_freed_memory_is_used_again_without_page_faults(clean, monkeypatch):
    for name in ('GLIBC_TUNABLES', 'LD_PRELOAD', 'MALLOC_TRIM_THRESHOLD_'):
        monkeypatch.delenv(name, raising=False)
    done = subprocess.run([sys.executable, '-c', MALLOC], check=True,
                          capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == 'True True True'


@pytest.mark.parametrize('name', [
    'LD_PRELOAD', 'GLIBC_TUNABLES', 'MALLOC_MMAP_THRESHOLD_'])
def test_who_chose_an_allocator_keeps_it(monkeypatch, name):
    monkeypatch.setenv(name, '1')
    assert keep_freed_memory() is False


@pytest.mark.parametrize('variables, threads, reason', [
    ({}, 3, '3 usable cores'),
    (dict(OMP_NUM_THREADS='1'), 1, 'OMP_NUM_THREADS=1 is set')])
def test_a_process_prepares_itself(clean, variables, threads, reason):
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT], env={**os.environ, **variables},
        check=True, capture_output=True, text=True)
    line, numbers = done.stdout.splitlines()[-2:]
    assert line.startswith('machine: ') and 'fp32 (a test)' in line
    assert f'threads {threads} ({reason})' in line
    # Denormals are zero now, in all threads.
    assert numbers == f'{threads} 0.0'
