"""Decisions of the review page, and what they do to an export."""

import hashlib
import json

import pytest

from mmdet_mal.formats.decisions import Decisions
from mmdet_mal.labelling.export import export_labels
from mmdet_mal.utils.errors import UserError

SCORES = {1: .9, 2: .9, 3: .9, 4: .1, 5: .1}
MADE = {'1': 'accept', '2': 'reject', '3': 'flag', '4': 'accept'}


def masks(mark='own'):
    return dict(
        images=[dict(id=1, file_name='a.jpg', width=4, height=4)],
        annotations=[dict(id=i, image_id=1, category_id=1, bbox=[0, 0, 1, 1],
                          iscrowd=0, area=4, score=score, mal=dict(mark=mark),
                          segmentation=dict(size=[4, 4], counts=[0, 4, 12]))
                     for i, score in SCORES.items()]
        + [dict(id=6, image_id=1, category_id=1, bbox=[0, 0, 4, 4], iscrowd=1,
                area=16)],
        categories=[dict(id=1, name='cat')])


@pytest.fixture
def path(write):
    return str(write('masks.json', json.dumps(masks())))


@pytest.fixture
def decide(write, path):
    """Writes decisions on the masks, as the review page does."""

    def put(made=MADE, name='masks', **changes):
        with open(path, 'rb') as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        entries = {number: what if isinstance(what, dict) else dict(decision=what)
                   for number, what in made.items()}
        return str(write('decisions.json', json.dumps({**dict(
            format='mal-decisions', version=1, saved='2026-11-21T09:00:00.000Z',
            masks=dict(file='masks.json', sha256=digest, name=name),
            decisions=entries),
            **changes})))

    return put


def kept(path, out, **options):
    summary = export_labels(path, str(out), **options)
    return [entry['id'] for entry in
            json.loads(out.read_text())['annotations']], str(summary)


@pytest.mark.parametrize('options, ids', [
    ({}, [1, 3, 4, 5, 6]), (dict(min_score=.5), [1, 3, 4, 6]),
    (dict(flagged='drop'), [1, 4, 5, 6]), (dict(undecided='drop'), [1, 4, 6])],
    ids=str)
def test_what_a_person_decided_counts_more_than_scores(path, decide, tmp_path,
                                                       options, ids):
    found, text = kept(path, tmp_path / 'o.json', decisions=decide(), **options)
    assert found == ids
    assert '2 were accepted' in text and '1 were rejected and are left out' in text


def test_what_is_not_kept_may_be_marked(path, decide, tmp_path):
    export_labels(path, str(tmp_path / 'o.json'), .5, 'ignore', decisions=decide())
    data = json.loads((tmp_path / 'o.json').read_text())
    assert {entry['id'] for entry in data['annotations'] if entry.get('ignore')} == {
        2, 5}


def test_masks_that_were_chosen_elsewhere_are_taken_from_there(path, decide, write,
                                                               tmp_path):
    other = write('other.json', json.dumps(masks('theirs')))
    made = {'1': dict(decision='accept', masks='human'),
            '2': dict(decision='accept', masks='mine'),
            '3': dict(decision='reject', masks='human')}
    with pytest.raises(UserError, match="of 'human', 'mine' were chosen.*--masks-of"):
        kept(path, tmp_path / 'o.json', decisions=decide(made))
    # The page says under which name it showed the file that is exported; only
    # that one needs no path.
    with pytest.raises(UserError, match="masks of 'human' were chosen"):
        kept(path, tmp_path / 'o.json', decisions=decide(made, name='mine'))
    out = tmp_path / 'o.json'
    _, text = kept(path, out, decisions=decide(made, name='mine'),
                   masks_of=dict(human=str(other)))
    marks = {entry['id']: entry['mal']['mark'] for entry
             in json.loads(out.read_text())['annotations'] if 'mal' in entry}
    assert marks == {1: 'theirs', 2: 'own', 4: 'own', 5: 'own'}
    assert "1 masks are taken from 'human'" in text
    less = masks()
    less['annotations'] = less['annotations'][1:]
    with pytest.raises(UserError, match='has no annotation 1, whose mask'):
        kept(path, out, decisions=decide(made, name='mine'), masks_of=dict(
            human=str(write('less.json', json.dumps(less)))))


def test_other_masks_are_refused_unless_forced(path, decide, tmp_path):
    decisions = decide(masks=dict(file='old.json', sha256='0' * 64))
    with pytest.raises(UserError, match=r'was made on other masks \(old.json, SHA-256 '
                       r'000000000000.*--force-decisions'):
        kept(path, tmp_path / 'o.json', decisions=decisions)
    assert kept(path, tmp_path / 'o.json', decisions=decisions,
                other_decisions='force')[0] == [1, 3, 4, 5, 6]


@pytest.mark.parametrize('content, words', [
    ('{', 'is not valid JSON'), ('[]', 'no file of decisions'),
    ('{"format": "x"}', 'no file of decisions'),
    ('{"format": "mal-decisions", "version": 2}', 'has version 2, expected 1'),
    ('{"format": "mal-decisions", "version": 1, "decisions": []}',
     "'decisions' is a list"),
    ('{"format": "mal-decisions", "version": 1, "decisions": {"7": {}}}',
     'decision on annotation 7: is None, expected one of accept, reject, flag'),
    ('{"format": "mal-decisions", "version": 1, "decisions": {"7": "accept"}}',
     "decision on annotation 7: is 'accept'"),
    ('{"format": "mal-decisions", "version": 1, "decisions": '
     '{"7": {"decision": "flag", "masks": 3}}}', "'masks' is 3, expected a name"),
    ('{"format": "mal-decisions", "version": 1, "decisions": {}}',
     'was made on other masks')])
def test_a_malformed_file_is_named(path, write, content, words):
    with pytest.raises(UserError, match=f'd.json: .*{words}'):
        Decisions.load(str(write('d.json', content)), path)


def test_decisions_on_unknown_annotations_are_named(path, decide, tmp_path):
    out = tmp_path / 'o.json'
    with pytest.raises(UserError, match=r'2 decisions are about annotations that .* '
                       r'does not have \(77, x\)'):
        kept(path, out, decisions=decide({**MADE, '77': 'accept', 'x': 'flag'}))
    assert not out.exists()


def test_options_of_decisions_need_decisions(path, tmp_path):
    for options in (dict(flagged='drop'), dict(undecided='drop'),
                    dict(masks_of=dict(a=path))):
        with pytest.raises(UserError, match='give --decisions'):
            kept(path, tmp_path / 'o.json', **options)
