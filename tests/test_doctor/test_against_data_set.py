"""The doctor and the data set judge alike, whatever the file holds."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdet_mal.datasets import find_faults
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.doctor import (Examination, data_set_kind, diagnose,
                              repair_file)
from mmdet_mal.doctor.kinds import LEFT

_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 4), st.just(2**64),
    st.floats(), st.sampled_from(['', '1', ' 2 ', 'x', '1.5']),
    st.just([1]), st.just({}))
_SIDE = st.one_of(st.sampled_from([0, 1, 9, 10, 10.4, 10.6, 20, -3, .005, .01]),
                  st.floats(-30, 30), _ODD)
_BBOX = st.one_of(st.lists(_SIDE, min_size=4, max_size=4),
                  st.lists(st.floats(-5, 25), min_size=4, max_size=4),
                  st.lists(_SIDE, max_size=5), _ODD)
_ID = st.one_of(st.integers(1, 3), _ODD)


def _object(**fields):
    """Objects of which every key may be absent."""
    return st.fixed_dictionaries({}, optional=fields)


_NAME = st.one_of(st.sampled_from(['a.png', 'b.png', 'sub\\c.png']), _ODD)
_DATA = st.fixed_dictionaries(dict(
    images=st.lists(_object(id=_ID, file_name=_NAME,
                            height=st.one_of(st.just(10), _ODD),
                            width=st.one_of(st.just(20), _ODD)), max_size=3),
    annotations=st.lists(_object(id=_ID, image_id=_ID, category_id=_ID,
                                 bbox=_BBOX, iscrowd=_ODD, extra=_ODD),
                         max_size=6),
    categories=st.lists(_object(id=_ID, name=st.one_of(
        st.sampled_from(['cat', 'dog ']), _ODD)), max_size=3)))
# Sound entries around the odd ones, so that faults do not hide each other.
_SOUND = dict(
    images=[dict(id=1, file_name='1.png', height=10, width=20)],
    annotations=[dict(id=1, image_id=1, category_id=1, bbox=[1, 2, 3, 4],
                      iscrowd=0)],
    categories=[dict(id=1, name='cat')])
_SETTINGS = settings(max_examples=200, deadline=None, derandomize=True,
                     suppress_health_check=[HealthCheck.function_scoped_fixture])


def _write(tmp_path, odd):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(
        {key: _SOUND[key] + odd[key] for key in _SOUND}))
    return path


def _errors(path):
    """What the data set refuses: kind and annotation id."""
    return {(fault.kind, _plain(fault.annotation_id))
            for fault in find_faults(load_annotation_file(str(path)))
            if fault.severity == 'error'}


def _plain(value):
    return value if type(value) in (int, str) else None


def _is_64_bit(value):
    return type(value) is int and -2**63 <= value < 2**63


@given(odd=_DATA)
@_SETTINGS
def test_whatever_the_data_set_refuses_the_doctor_finds(tmp_path, odd):
    path = _write(tmp_path, odd)
    found = set()
    for finding in diagnose(str(path), check_images='none').findings():
        ann_id = finding.annotation_id
        found.add((data_set_kind(finding.kind),
                   ann_id if _is_64_bit(ann_id) else None))
    missed = _errors(path) - found
    assert not missed


@given(odd=_DATA)
@_SETTINGS
def test_the_doctor_finds_no_box_fault_that_the_data_set_does_not(
        tmp_path, odd):
    """Where nothing has to be read from text first, both say the same."""
    for entry in odd['annotations']:
        entry['iscrowd'] = 0
    path = _write(tmp_path, odd)
    examination = Examination(str(path))
    refused = _errors(path)
    reread = {'bbox_reversed', 'bbox_text', 'image_id_type', 'ann_id_type'}
    changed = {f.annotation_id if _is_64_bit(f.annotation_id) else None
               for f in examination.diagnosis.findings() if f.kind in reread}
    for finding in examination.diagnosis.findings():
        kind, ann_id = data_set_kind(finding.kind), finding.annotation_id
        ann_id = ann_id if _is_64_bit(ann_id) else None
        if kind.startswith('bbox_') and finding.severity == 'error' and (
                ann_id not in changed):
            assert (kind, ann_id) in refused, finding


@given(odd=_DATA)
@_SETTINGS
def test_one_repair_is_enough_and_strict_json(tmp_path, odd):
    path = _write(tmp_path, odd)
    before = path.read_bytes()
    examination = Examination(str(path))
    out = tmp_path / 'fixed.json'
    repair = repair_file(examination, str(out))
    assert path.read_bytes() == before

    again = diagnose(str(out), check_images='none')
    assert all(set(fixes) == {LEFT} for fixes in again.fixes.values()), again
    left = {name: fixes[LEFT] for name, fixes in repair.fixes.items()}
    for name, count in again.counts.items():
        assert count <= left.get(name, 0) or name.startswith(
            ('bbox_', 'image_without', 'area_', 'category_', 'file_name_')), name
    remaining = {kind for kind, _ in _errors(out)}
    assert remaining <= {data_set_kind(name) for name in again.counts}
    # No annotation is refused any more, except by what images leave open.
    assert remaining <= {'image_entry', 'image_id_duplicate',
                         'category_entry', 'category_id_duplicate'}

    def fail(constant):
        raise AssertionError(f'{constant} was written')
    fixed = json.loads(out.read_text(), parse_constant=fail)
    for key, (old, new) in repair.entries.items():
        assert (old, new) == (1 + len(odd[key]), len(fixed[key]))


def test_image_files_are_judged_alike(world):
    world.data['images'] += [
        dict(id=i, file_name=f'{i}.png', height=120, width=160)
        for i in (4, 5, 6, 7)]
    world.files |= {'4.png': world.files['1.png'][:200],
                    '5.png': world.encode((90, 80), seed=5), '6.png': b'text',
                    '7.png': world.encode((120, 160), seed=7)}
    world.image['file_name'] = 'gone.png'
    path = world.write()
    for check in ('exists', 'headers', 'decode'):
        refused = {(f.kind, f.image_id) for f in find_faults(
            load_annotation_file(str(path)), str(world.images_dir), check)}
        found = {(data_set_kind(f.kind), f.image_id)
                 for f in world.examine(check).diagnosis.findings()
                 if f.severity == 'error'}
        assert found == refused
        assert len(refused) == (1 if check == 'exists' else 5)
