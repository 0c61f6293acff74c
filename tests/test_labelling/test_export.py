"""A copy without the worst masks."""

import json

import pytest

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.labelling.export import export_labels
from mmdet_mal.utils.errors import UserError

SCORES = {1: .2, 2: .5, 3: .9, 4: 0.}


def masks(**changes):
    annotations = [
        dict(id=i, image_id=1 + (i == 4), category_id=1, bbox=[0, 0, 2, 2],
             iscrowd=0, area=4, score=score,
             mal=dict(fallback='empty_mask') if i == 4 else dict(stability=.5))
        for i, score in SCORES.items()]
    annotations.append(dict(id=5, image_id=1, category_id=1, bbox=[0, 0, 2, 2],
                            iscrowd=1, area=4, segmentation=dict(size=[4, 4])))
    return {**dict(
        info=dict(year=2026, mal=dict(version='x')),
        images=[dict(id=i, height=4, width=4) for i in (1, 2)],
        annotations=annotations, categories=[], foreign=[1.5, 'ü']), **changes}


@pytest.fixture
def written(tmp_path):
    path = tmp_path / 'masks.json'
    path.write_text(json.dumps(masks()))
    return path


@pytest.mark.parametrize('below, kept, marked', [
    ('drop', [2, 3, 5], None), ('crowd', [1, 2, 3, 4, 5], 'iscrowd'),
    ('ignore', [1, 2, 3, 4, 5], 'ignore')])
def test_bad_masks_are_dropped_or_marked(written, tmp_path, below, kept, marked):
    before = written.read_bytes()
    out = tmp_path / 'new' / 'kept.json'
    summary = export_labels(str(written), str(out), .5, below)
    copy = json.loads(out.read_text())
    assert [ann['id'] for ann in copy['annotations']] == kept
    original = {ann['id']: ann for ann in masks()['annotations']}
    for ann in copy['annotations']:
        change = {marked: 1} if marked and ann['id'] in (1, 4) else {}
        assert ann == {**original[ann['id']], **change}
    assert {k: copy[k] for k in ('images', 'categories', 'foreign')} == {
        k: masks()[k] for k in ('images', 'categories', 'foreign')}
    assert copy['info'] == dict(year=2026, mal=dict(
        version='x', export=dict(min_score=.5, below=below)))
    assert written.read_bytes() == before
    assert (summary.kept, summary.bad, summary.bad_fallbacks,
            summary.unscored) == (2, 2, 1, 1)


def test_the_counts_are_said(written, tmp_path):
    text = str(export_labels(str(written), str(tmp_path / 'o.json'), .5))
    assert 'of 5 annotations 2 have a score of at least 0.5; 2 have less' in text
    assert '1 images have no annotation left' in text
    marked = str(export_labels(str(written), str(tmp_path / 'o.json'), .5, 'crowd'))
    assert 'marked iscrowd' in marked and 'no annotation left' not in marked


@pytest.mark.parametrize('limit, kept', [(0, 5), (.9, 2), (1, 1)])
def test_a_mask_at_the_limit_is_good(written, tmp_path, limit, kept):
    out = tmp_path / 'o.json'
    export_labels(str(written), str(out), limit)
    assert len(json.loads(out.read_text())['annotations']) == kept


@pytest.mark.parametrize('options, words', [
    (dict(min_score=1.5), 'min-score 1.5'),
    (dict(min_score=float('nan')), 'min-score nan'),
    (dict(min_score=.5, below='hide'), 'expected one of drop, crowd, ignore')])
def test_wrong_options_are_refused(written, tmp_path, options, words):
    with pytest.raises(UserError, match=words):
        export_labels(str(written), str(tmp_path / 'o.json'), **options)


@pytest.mark.parametrize('score', ['high', True, float('nan')], ids=str)
def test_a_score_that_is_no_number_is_named(tmp_path, score):
    data = masks()
    data['annotations'][1]['score'] = score
    path, out = tmp_path / 'masks.json', tmp_path / 'o.json'
    path.write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match='annotation 2 has score'):
        export_labels(str(path), str(out), .5)
    assert not out.exists()


def test_a_file_without_scores_is_refused(tmp_path):
    data = masks()
    for annotation in data['annotations']:
        annotation.pop('score', None)
    path, out = tmp_path / 'boxes.json', tmp_path / 'o.json'
    path.write_text(json.dumps(data))
    with pytest.raises(UserError, match="none of its 5 annotations has a 'score'"):
        export_labels(str(path), str(out), .5)
    assert not out.exists()
