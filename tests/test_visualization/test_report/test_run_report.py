"""report.html: whole, escaped, without a request, from any of its sources."""

import base64
import json
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.report.evaluation import _read_scores
from mmdet_mal.visualization.report.run_report import write_run_report

from ..conftest import HOSTILE
from ..test_training.test_log import start


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text, self.sources = [], '', []
        self.html = path.read_text(encoding='utf-8')
        self.feed(self.html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag == 'img':
            self.sources.append(dict(attrs)['src'])

    def handle_data(self, data):
        self.text += data

    def ids(self):
        return [a['id'] for tag, a in self.elements
                if tag == 'section' and 'id' in a]

    def pictures(self):
        return [cv2.imdecode(np.frombuffer(base64.b64decode(
            source.partition(',')[2]), np.uint8), cv2.IMREAD_COLOR)
            for source in self.sources]


def report(run, **options):
    options.setdefault('masks', run / 'masks.json')
    return Page(write_run_report(run / 'report.html', **options))


def test_page_of_a_label_run(run):
    page = report(run)
    assert page.ids() == ['done', 'masks', 'gallery', 'doctor', 'next']
    for words in ('configs/mal/x.py', 'epoch_1.pth', '30 s', 'in 2 starts',
                  'CC BY-NC 4.0: not for commercial use', 'image_unreadable',
                  '1 errors', 'found NaN', 'Mind the licence', 'mal review',
                  'draw masks for 50 to 100'):
        assert words in page.text, words
    # A histogram, and each of six boxes once.
    assert len(page.sources) == 7
    assert all(img is not None and img.std() > 5 for img in page.pictures())


def test_page_makes_no_request_and_runs_nothing(run):
    page = report(run)
    assert {tag for tag, _ in page.elements}.isdisjoint(
        {'script', 'link', 'iframe', 'object', 'embed', 'form', 'base'})
    assert all(source.startswith('data:image/') for source in page.sources)
    for tag, attrs in page.elements:
        assert not any(name.startswith('on') for name in attrs), (tag, attrs)
        assert attrs.get('href', '#').startswith('#')
    policy = next(attrs['content'] for tag, attrs in page.elements
                  if attrs.get('http-equiv') == 'Content-Security-Policy')
    assert "default-src 'none'" in policy
    assert 'url(' not in page.html


def test_hostile_names_are_text(run):
    page = report(run, title=HOSTILE)
    # In the heading, a class, a reason and the doctor's example.
    assert page.text.count(HOSTILE) >= 4
    assert not re.search(r'<img src=x|<script', page.html)


def test_with_human_masks(run):
    page = report(run, human=run / 'human.json')
    assert 'evaluation' in page.ids()
    # Masks lack the lowest 5 px of each box: 15 / 20, 55 / 60 and 25 / 30.
    mean = f'{(15 / 20 + 55 / 60 + 25 / 30) / 3:.3f}'
    assert page.text.count(mean) >= 2
    assert 'draw masks for 50 to 100' not in page.text
    # Beside the seven: the plots, and three pictures of each of six boxes.
    assert len(page.sources) == 7 + 1 + 18


def test_scores_are_read_back(run):
    from mmdet_mal.evaluation.mask_iou import mask_ious
    from mmdet_mal.evaluation.report import write_report
    from mmdet_mal.evaluation.scores import labeller_scores
    human = json.loads((run / 'human.json').read_text())
    scores = labeller_scores(
        mask_ious(run / 'masks.json', run / 'human.json'), human)
    write_report(str(run / 'scores.json'), {'box': scores, 'MAL': scores}, 'MAL',
                 {})
    page = report(run, scores=run / 'scores.json')
    assert 'box' in page.text and 'evaluation' in page.ids()


def test_scores_may_be_given_as_a_mapping_too():
    entry = dict(sizes=dict(all=dict(miou=None, n=0)), classes={}, curve={},
                 histogram={}, worst=[dict(iou=.5, score=None)])
    entries, differences = _read_scores(dict(MAL=entry))
    read = entries['MAL']
    assert differences == {}
    # Null is nan again among numbers; a mask without score stays without.
    assert np.isnan(read['sizes']['all']['miou'])
    assert read['worst'] == [dict(iou=.5, score=None)]


def evaluated(run, names):
    """``scores.json`` of labellers, the last of them with masks 5 px too low and
    the others with the human masks."""
    from mmdet_mal.evaluation.mask_iou import mask_ious
    from mmdet_mal.evaluation.report import write_report
    from mmdet_mal.evaluation.scores import labeller_scores, paired_differences
    human = json.loads((run / 'human.json').read_text())
    files = [*['human.json'] * (len(names) - 1), 'masks.json']
    columns = {name: mask_ious(run / file, run / 'human.json')
               for name, file in zip(names, files, strict=True)}
    write_report(str(run / 'scores.json'),
                 {name: labeller_scores(c, human) for name, c in columns.items()},
                 names[-1], {}, differences=paired_differences(columns, names[-1]))
    return run / 'scores.json'


def test_differences_and_overlap_are_shown_and_explained(run):
    # 'MAL' is not the labeller that the scores are about.
    page = report(run, scores=evaluated(run, ['MAL', HOSTILE, 'mine']))
    assert 'How much better mine is' in page.text
    assert 'Mean IoU of mine less that of each row' in page.text
    less = (15 / 20 + 55 / 60 + 25 / 30) / 3 - 1
    rows = page.html.partition('How much better')[2].partition('</table>')[0]
    # Both images hold the same boxes: no draw of images differs.
    assert rows.count(f'<td>{less:+.3f} ({less:+.3f} to {less:+.3f})</td>') == 2
    assert '<td>MAL</td>' in rows and '&lt;/script&gt;' in rows
    # No box of an image overlaps another.
    rows = page.html.partition('how far a neighbour')[2].partition('</table>')[0]
    assert '<td>boxes</td><td>6</td><td>0</td><td>0</td>' in rows
    assert not re.search(r'<img src=x|<script', page.html)


def test_one_labeller_has_overlap_and_no_differences(run):
    page = report(run, human=run / 'human.json')
    assert 'by how far a neighbour covers the box' in page.text
    assert 'How much better' not in page.text


def test_scores_of_older_versions_are_shown_without_the_newer_tables(run):
    path = evaluated(run, ['box', 'MAL'])
    content = json.loads(path.read_text())
    del content['differences']
    for entry in content['scores'].values():
        del entry['overlap']
    path.write_text(json.dumps(content))
    page = report(run, scores=path)
    assert 'evaluation' in page.ids()
    assert 'neighbour' not in page.text and 'How much better' not in page.text


@pytest.mark.parametrize('change', [
    lambda c: c.update(differences=[1]),
    lambda c: c.update(differences=dict(box=1)),
    lambda c: c.update(differences=dict(box=dict(all=3))),
    lambda c: c.update(differences=dict(nobody={})),
    lambda c: c['scores']['MAL'].update(overlap=dict(apart=dict(n=1))),
    lambda c: c['scores']['MAL']['overlap']['apart'].update(miou='<b>')])
def test_newer_tables_of_another_form_are_refused(run, change):
    path = evaluated(run, ['box', 'MAL'])
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match='no scores as mal evaluate writes them'):
        report(run, scores=path)


def test_training_alone(run):
    work_dir = run / 'work'
    start(work_dir, '20261121_040000', [10, 20], skipped=[12])
    start(work_dir, '20261121_050000', [30], resumed=20)
    cv2.imwrite(str(work_dir / 'mask_strip.png'), np.full((40, 60, 3), 90, np.uint8))
    page = report(run, masks=None, work_dir=work_dir)
    assert page.ids() == ['done', 'training', 'next']
    for words in ('30 iterations, 4 epochs', 'DeiT of Meta AI, Apache-2.0',
                  '1 (iterations 12)', 'dotted: resumed', 'mal label'):
        assert words in page.text, words
    curves, strip = page.pictures()
    assert strip.shape == (40, 60, 3)


def test_images_that_are_gone(run):
    (run / 'photos').rename(run / 'moved')
    page = report(run)
    assert 'made without the images' in page.text and len(page.sources) == 1
    (run / 'moved' / '1.png').write_bytes(b'broken')
    page = report(run, images=run / 'moved')
    assert len(page.sources) == 4 and page.text.count('no picture') >= 3


def test_masks_without_run_folder_or_scores(run):
    data = json.loads((run / 'masks.json').read_text())
    for ann in data['annotations']:
        ann.pop('score', None), ann.pop('mal', None)
    (run / 'plain.json').write_text(json.dumps(data))
    page = report(run, masks=run / 'plain.json', images=run / 'photos')
    assert 'The masks have no scores' in page.text
    assert page.ids()[:2] == ['done', 'masks'] and not page.sources


def test_unfinished_run_says_how_to_go_on(run):
    (run / 'masks.run' / 'summary.json').unlink()
    page = report(run, masks=None, run_dir=run / 'masks.run')
    assert 'not finished' in page.text
    assert 'start the same mal label command again' in page.text


def test_no_boxes(run):
    data = json.loads((run / 'masks.json').read_text())
    (run / 'empty.json').write_text(json.dumps(dict(data, annotations=[])))
    assert report(run, masks=run / 'empty.json').ids() == ['done', 'next']


@pytest.mark.parametrize('options, words', [
    (dict(masks=None), 'nothing to report on'),
    (dict(masks='absent.json'), 'absent.json'),
    (dict(masks='boxes.json'), 'none of its 6 annotations has a mask'),
    (dict(images='absent'), 'absent: no such folder'),
    (dict(scores='human.json'), 'no scores as mal evaluate writes them'),
    (dict(scores='absent.json'), 'cannot be read as JSON'),
    (dict(human='other.json'), 'no annotation id in common'),
    (dict(doctor='human.json'), "no doctor's report"),
    (dict(work_dir='photos'), 'no log of a training'),
    (dict(work_dir='absent'), 'no such work folder'),
    (dict(run_dir='photos'), 'no manifest.json'),
])
def test_what_a_person_can_mend_is_said_and_nothing_is_written(
        run, monkeypatch, options, words):
    monkeypatch.chdir(run)
    human = json.loads((run / 'human.json').read_text())
    other = [dict(ann, id=ann['id'] + 1000) for ann in human['annotations']]
    (run / 'other.json').write_text(json.dumps(dict(human, annotations=other)))
    for ann in human['annotations']:
        del ann['segmentation']
    (run / 'boxes.json').write_text(json.dumps(human))
    with pytest.raises(UserError, match=words):
        report(run, **options)
    assert not (run / 'report.html').exists()


def test_page_that_cannot_be_written(run):
    with pytest.raises(UserError, match='cannot write the report'):
        write_run_report(run / 'masks.json' / 'r.html', masks=run / 'masks.json')
