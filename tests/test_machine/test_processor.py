"""Processors as Linux describes them."""

import pytest

from mmdet_mal.machine.processor import Processor, this_processor

CORE = """processor\t: {number}
vendor_id\t: GenuineIntel
model name\t: {name}
flags\t\t: {flags}
bugs\t\t: spectre_v1

"""
ARM = """processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd bf16 i8mm
CPU implementer\t: 0x41
"""


def read(tmp_path, text):
    path = tmp_path / 'cpuinfo'
    path.write_text(text)
    return this_processor(path)


@pytest.mark.parametrize('flags, unit', [
    pytest.param('sse2 avx2 avx512f avx512_bf16 amx_bf16 amx_tile', 'AMX',
                 id='sapphire-rapids-has-both'),
    pytest.param('sse2 avx2 avx512f avx512_bf16', 'AVX512-BF16', id='zen-4'),
    pytest.param('sse2 avx2 avx512f avx512_vnni', '', id='ice-lake'),
    pytest.param('sse2 avx2', '', id='zen-3'),
    pytest.param('sse2 amx_tile amx_int8', '', id='tiles-for-int8-alone'),
    pytest.param('sse2 avx512_bf16x', '', id='a-longer-word'),
    pytest.param('', '', id='no-flags'),
])
def test_bf16_units_by_their_flags(tmp_path, flags, unit):
    cores = ''.join(CORE.format(number=i, name='X 1', flags=flags)
                    for i in range(2))
    processor = read(tmp_path, cores)
    assert (processor.name, processor.bf16_unit) == ('X 1', unit)


def test_what_one_core_cannot_no_thread_may_count_on(tmp_path):
    big = CORE.format(number=0, name='big', flags='avx2 avx512_bf16')
    small = CORE.format(number=1, name='small', flags='avx2')
    processor = read(tmp_path, big + small)
    assert processor.bf16_unit == ''
    assert processor.flags == {'avx2'}


@pytest.mark.parametrize('text', ['', ARM, 'no colon here\n\n', '\x00\xff'],
                         ids=['empty', 'arm', 'no-colon', 'bytes'])
def test_what_is_not_understood_has_no_unit(tmp_path, text):
    assert read(tmp_path, text) == Processor()


def test_another_system_has_no_such_file(tmp_path):
    assert this_processor(tmp_path / 'none').bf16_unit == ''
