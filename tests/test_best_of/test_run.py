"""Files in, one file out; and every way in which files do not fit."""

import json

import numpy as np
import pytest
from discs import SIZE, rle_of

from mmdet_mal.best_of.candidates import name_sources
from mmdet_mal.best_of.run import best_of
from mmdet_mal.utils.errors import UserError



def run(world, files, scale, **more):
    out = str(world.root / 'best.json')
    summary = best_of(files, world.images, out, scale, **more)
    return summary, json.loads(open(out).read())


def edited(world, name, edit):
    """A file of filled boxes after an edit of its content."""
    data = json.loads(open(world.boxes(name)).read())
    edit(data)
    return world.write(name, data)


def test_the_best_of_each_box_is_kept_and_nothing_else_changes(world, scale):
    """Of each file one mask is the disc; the others are worse."""
    good = json.loads(open(world.good()).read())
    files = {}
    for name, ann_id, other in (('a', 11, world.boxes()), ('b', 12, world.halves()),
                                ('c', 21, world.boxes())):
        data = json.loads(open(other).read())
        data['annotations'] = [
            next(g for g in good['annotations'] if g['id'] == ann['id'])
            if ann['id'] == ann_id else ann for ann in data['annotations']]
        files[name] = world.write(name, data)
    first = json.loads(open(files['a']).read())
    summary, out = run(world, files, scale)
    assert dict(summary.kept) == dict(a=1, b=1, c=1)
    truth = {ann['id']: ann for ann in good['annotations']}
    for ann, before in zip(out['annotations'], first['annotations'], strict=True):
        assert ann['segmentation'] == truth[ann['id']]['segmentation']
        if ann['iscrowd']:
            assert ann == before
            continue
        assert ann['area'] == truth[ann['id']]['area']
        assert ann['mal']['source'] == {11: 'a', 12: 'b', 21: 'c'}[ann['id']]
        assert ann['score'] == max(ann['mal']['candidates'].values())
        for key in ('bbox', 'id', 'image_id', 'category_id', 'note'):
            assert ann[key] == before[key]
    assert out['images'] == first['images']
    assert out['info']['year'] == 2020
    made = out['info']['mal']
    assert made['rule'] == 'best' and set(made['sources']) == {'a', 'b', 'c'}
    assert all(len(s['sha256']) == 64 for s in made['sources'].values())


def test_equal_inputs_give_equal_bytes_in_any_order_of_annotations(world, scale):
    files = dict(a=world.boxes(), b=world.good())
    run(world, files, scale)
    first = (world.root / 'best.json').read_bytes()
    data = json.loads(open(files['b']).read())
    data['annotations'].reverse()
    world.write('good', data)
    run(world, files, scale)
    again = json.loads((world.root / 'best.json').read_bytes())
    once = json.loads(first)
    assert again['annotations'] == once['annotations']
    run(world, files, scale)
    assert json.loads((world.root / 'best.json').read_bytes()) == again


def test_no_temporary_file_stays(world, scale):
    before = {path.name for path in world.root.iterdir()}
    run(world, dict(a=world.boxes(), b=world.good()), scale)
    assert {path.name for path in world.root.iterdir()} - before == {
        'best.json', 'boxes.json', 'good.json'}


def test_polygons_of_another_tool_are_candidates(world, scale):
    def edit(data):
        for ann in data['annotations'][:3]:
            x, y, w, h = ann['bbox']
            angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            ann['segmentation'] = [np.stack(
                [x + w / 2 + w / 2 * np.cos(angles),
                 y + h / 2 + h / 2 * np.sin(angles)], 1).reshape(-1).tolist()]
            del ann['score']

    summary, out = run(world, dict(
        a=world.boxes(), tool=edited(world, 'tool', edit)), scale)
    assert summary.kept['tool'] == 3
    assert all(isinstance(ann['segmentation'], dict)
               for ann in out['annotations'][:3])


def test_the_vote_is_a_mask_of_its_own(world, scale):
    summary, out = run(world, dict(a=world.boxes(), b=world.good(),
                                   c=world.good('other')), scale, rule='vote')
    assert summary.kept['vote'] == 3
    assert {a['mal']['source'] for a in out['annotations'][:3]} == {'vote'}


def test_a_filled_box_in_place_of_a_mask_is_no_candidate(world, scale):
    """... unless there is nothing else; then it stays flagged."""
    def flag(data):
        for ann in data['annotations']:
            ann['mal'] = dict(fallback='empty_mask')

    first = edited(world, 'first', flag)
    summary, _ = run(world, dict(a=first, b=world.halves()), scale)
    assert dict(summary.kept) == dict(b=3)
    assert dict(summary.unavailable) == dict(a=3)
    summary, out = run(world, dict(a=first, b=edited(world, 'second', flag)), scale)
    assert not summary.kept
    assert summary.labels.fallbacks['empty_mask'] == 3
    assert {(a['score'], a['mal']['fallback']) for a in out['annotations'][:3]} \
        == {(0, 'empty_mask')}


def test_a_box_at_fault_is_filled_as_a_label_run_does(world, scale):
    def break_box(data):
        data['annotations'][0]['bbox'] = [10, 10, -5, 5]

    files = {n: edited(world, n, break_box) for n in 'ab'}
    summary, out = run(world, files, scale)
    assert sum(summary.labels.fallbacks.values()) == 1
    assert out['annotations'][0]['mal']['fallback']


@pytest.mark.parametrize('edit, reason', [
    (lambda d: d['annotations'].pop(1),
     'has no mask for 1 of 3 boxes .*annotation 12.*--missing skip'),
    (lambda d: d['annotations'][1].pop('segmentation'), 'no mask for 1 of 3'),
    (lambda d: d['annotations'].append(dict(d['annotations'][0], id=5)),
     'has 1 boxes that .* has not, such as annotation 5'),
    (lambda d: d['annotations'].append(d['annotations'][0]),
     'annotation id 11 is there twice'),
    (lambda d: d['annotations'][0].update(bbox=[0, 0, 5, 5]),
     'annotation 11 has the box'),
    (lambda d: d['annotations'][0].update(bbox='<script>'),
     'annotation 11 has the box <script>'),
    (lambda d: d['annotations'][0].update(image_id=2),
     'annotation 11 has image 2, in .* 1'),
    (lambda d: d['annotations'][0].update(category_id=7),
     'annotation 11 has category 7'),
    (lambda d: d['annotations'][0].update(iscrowd=1),
     'annotation 11 has iscrowd True'),
    (lambda d: d['annotations'][0].update(segmentation=dict(
        size=[5, 5], counts='55')), r'annotation 11: RLE has size \[5, 5\]'),
    (lambda d: d['annotations'][0].update(segmentation=dict(
        size=list(SIZE), counts='')), 'annotation 11: RLE counts'),
    (lambda d: d['annotations'][0].update(segmentation=[[1, 2]]),
     'annotation 11: segmentation has no polygon'),
    (lambda d: d.pop('images'), "images"),
], ids=['missing', 'no mask', 'stranger', 'twice', 'other box', 'no box', 'image',
        'category', 'crowd', 'other size', 'no counts', 'two points', 'no images'])
def test_files_that_do_not_fit_name_file_and_annotation(
        world, scale, edit, reason):
    files = dict(a=world.good(), b=edited(world, 'other', edit))
    with pytest.raises(UserError, match=reason) as caught:
        run(world, files, scale)
    assert 'other.json' in str(caught.value)
    assert '\n' not in str(caught.value)
    assert not (world.root / 'best.json').exists()


def test_missing_boxes_can_be_skipped(world, scale):
    def drop(data):
        data['annotations'].pop(1)

    summary, _ = run(world, dict(a=world.halves(),
                                 b=edited(world, 'other', drop)), scale,
                     missing='skip')
    assert summary.unavailable == dict(b=1) and sum(summary.kept.values()) == 3


def test_a_mask_of_torn_counts_is_an_error_of_its_annotation(world, scale):
    def tear(data):
        counts = data['annotations'][0]['segmentation']['counts']
        data['annotations'][0]['segmentation']['counts'] = counts[:-2]

    with pytest.raises(UserError, match='annotation 11'):
        run(world, dict(a=world.good(), b=edited(world, 'other', tear)), scale)


def test_an_absent_or_another_image_is_an_error(world, scale):
    files = dict(a=world.good(), b=world.boxes())
    (world.root / 'images/2.png').unlink()
    with pytest.raises(UserError, match=r'2\.png'):
        run(world, files, scale)
    (world.root / 'images/2.png').write_bytes(b'no image')
    with pytest.raises(UserError, match=r'2\.png'):
        run(world, files, scale)


def test_the_output_is_none_of_the_inputs(world, scale):
    path = world.good()
    with pytest.raises(UserError, match='this is the input'):
        best_of(dict(a=path, b=world.boxes()), world.images, path, scale)


def test_one_file_is_no_choice(world, scale):
    with pytest.raises(UserError, match='two or more masks JSON files, got 1'):
        run(world, dict(a=world.good()), scale)


def test_names_of_sources():
    assert name_sources(['x/a.json', 'MAL=b.json', 'c=d=e.json']) == {
        'a': 'x/a.json', 'MAL': 'b.json', 'c': 'd=e.json'}
    for items in (['a.json', 'x/a.json'], ['=a.json'], ['MAL=']):
        with pytest.raises(UserError, match='expected MASKS.json or NAME'):
            name_sources(items)


def test_a_hostile_name_is_text(world, scale):
    name = '<img src=x onerror=alert(1)>"\''
    _, out = run(world, {name: world.good(), 'b': world.boxes()}, scale)
    assert out['annotations'][0]['mal']['source'] == name


def test_the_verb_says_what_it_kept(world, scale, capsys):
    from mmdet_mal.cli.main import main
    out = str(world.root / 'best.json')
    main(['best-of', f'good={world.good()}', world.boxes(), '--images',
          world.images, '--out', out, '--scale', scale])
    printed = capsys.readouterr().out
    assert 'good: kept for 3 boxes' in printed
    assert 'boxes: kept for 0 boxes' in printed
    with pytest.raises(SystemExit) as caught:
        main(['best-of', world.good(), 'none.json', '--images', world.images,
              '--out', out])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith('mal best-of: error: none.json')


def test_review_and_report_read_the_result(world, scale):
    from mmdet_mal.visualization.mask_columns import read_columns
    run(world, dict(a=world.good(), b=world.boxes()), scale)
    columns = read_columns(str(world.root / 'best.json'))
    assert len(columns) == 3 and columns.crowds == 1
    assert np.isfinite(columns.scores).all()


def test_masks_outside_their_box_are_candidates_too(world, scale):
    def move(data):
        mask = np.zeros(SIZE, bool)
        mask[:5, :5] = True
        for ann in data['annotations'][:3]:
            ann['segmentation'] = rle_of(mask)

    summary, _ = run(world, dict(a=edited(world, 'moved', move),
                                 b=world.good()), scale)
    assert dict(summary.kept) == dict(b=3)
