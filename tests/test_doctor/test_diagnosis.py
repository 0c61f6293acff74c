"""The report: for people, for programs, and in bounded memory."""

import json
import tracemalloc

import pytest

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.doctor import Diagnosis, Finding, diagnose

EVIL = 'a\x1b[2J\n\u202e\ud800.png'


def test_report_for_people_names_file_ids_rule_and_next_step(world):
    world.first['bbox'] = [1, 2, 3]
    world.add(14, 2, [150, 10, 60, 50])
    world.write()
    diagnosis = world.examine().diagnosis
    lines = str(diagnosis).split('\n')
    assert lines[0] == (f'{world.path}: 3 images, 4 annotations, 2 categories; '
                        'the headers of the image files were read')
    assert lines[1] == '  1 error, 1 repair'
    assert lines[2].startswith('error bbox_malformed (1): a bbox is not four')
    assert lines[3] == '  --fix (1 dropped): the annotation is dropped'
    assert lines[4] == '    annotation 11, image 1 (1.png): bbox [1, 2, 3]'
    assert 'bbox_clipped (1)' in lines[5]
    assert any(line.startswith('next: ') and '--fix' in line for line in lines)
    assert (diagnosis.num_errors, diagnosis.num_repairs) == (1, 1)
    assert diagnosis.counts == {'bbox_malformed': 1, 'bbox_clipped': 1}
    assert list(diagnosis.counts) == ['bbox_malformed', 'bbox_clipped']
    assert diagnosis.fatal == []


def test_only_the_first_of_many_are_shown(world):
    world.data['annotations'] = [
        world.annotation(i, 77, [1, 1, 9, 9]) for i in range(40)]
    world.write()
    text = str(world.examine().diagnosis)
    assert 'image_id_unknown (40)' in text and '… and 35 more' in text
    assert text.count('image_id is 77') == 5


def test_control_characters_never_reach_a_terminal(world):
    world.image['file_name'] = EVIL
    world.first.update(id=f'{EVIL}1', bbox=[EVIL], image_id=EVIL)
    world.data['categories'][1]['name'] = EVIL + ' '
    world.data['annotations'][1]['iscrowd'] = EVIL
    world.write()
    text = str(world.examine().diagnosis)
    assert all(line.isprintable() for line in text.split('\n'))
    assert r'a\x1b[2J' in text
    text.encode('utf-8')


def test_json_report_holds_every_finding_in_strict_json(world, tmp_path):
    world.data['annotations'] = [world.annotation(
        i, float('nan'), [1, 1, 9, 9]) for i in range(40)]
    world.data['annotations'][0]['image_id'] = {'a': EVIL}
    del world.data['annotations'][1]['iscrowd']
    world.write()
    diagnosis = world.examine().diagnosis
    path = tmp_path / 'report.json'
    for _ in range(2):  # it can be written again
        diagnosis.save(str(path))
        report = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert report['ann_file'] == str(world.path)
    assert report['annotations'] == 40
    assert report['errors'] == diagnosis.num_errors == 40
    kinds = report['kinds']['image_id_unknown']
    assert kinds['count'] == 40 and kinds['severity'] == 'error'
    assert kinds['fix'] == dict(repaired=0, dropped=40, left=0)
    unknown = [f for f in report['findings'] if f['kind'] == 'image_id_unknown']
    assert [f['annotation_id'] for f in unknown] == list(range(40))
    assert [f['entry'] for f in unknown] == list(range(40))
    counted, = (f for f in report['findings'] if f['kind'] == 'iscrowd_missing')
    assert (counted['count'], counted['annotation_id']) == (1, 1)
    assert sum(f['count'] for f in report['findings']) == sum(
        kind['count'] for kind in report['kinds'].values())


def test_report_of_a_sound_file_is_json_too(world, tmp_path):
    world.write()
    world.examine().diagnosis.save(str(tmp_path / 'r.json'))
    assert json.loads((tmp_path / 'r.json').read_text())['findings'] == []


def test_memory_does_not_grow_with_the_number_of_findings(tmp_path):
    diagnosis = Diagnosis('x.json')

    def add(number):
        for i in range(number):
            diagnosis.add(Finding('bbox_nan', f'bbox {i}', annotation_id=i))
            diagnosis.add(Finding('entry_type', f'entry {i}'))
            diagnosis.count('area_missing', annotation_id=i)

    add(1000)
    tracemalloc.start()
    add(5000)
    diagnosis.save(str(tmp_path / 'report.json'))
    assert tracemalloc.get_traced_memory()[1] < 200_000
    tracemalloc.stop()
    assert diagnosis.counts['bbox_nan'] == 6000
    assert len(diagnosis.fatal) == 50
    report = json.loads((tmp_path / 'report.json').read_text())
    assert len(report['findings']) == 12001


def test_findings_of_many_faulty_boxes_are_never_all_in_memory(tmp_path):
    """A million faulty boxes must not take what a million objects take."""
    path = tmp_path / 'boxes.json'
    count = 3_000
    with open(path, 'w') as file:
        file.write('{"images": [{"id": 1, "file_name": "a.png", "height": 9, '
                   '"width": 9}], "categories": [], "annotations": [')
        file.write(', '.join('{"id": "x", "image_id": 1, "bbox": [0, 0, -1, 3], '
                             '"category_id": 5}' for _ in range(count)))
        file.write(']}')
    tracemalloc.start()
    diagnosis = diagnose(str(path), check_images='none')
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert diagnosis.counts['ann_id_missing'] == count
    assert diagnosis.counts['category_id_unknown'] == count
    # Blocks of the stream, 25 bytes a box and the temporaries of one sort.
    assert peak < 2_000_000 + 100 * count


def test_diagnose_looks_for_images_without_opening_them(world):
    world.files['1.png'] = b'not an image'
    del world.files['2.png']
    world.write()
    diagnosis = diagnose(str(world.path), str(world.images_dir))
    assert diagnosis.counts == {'image_missing': 1}
    assert diagnosis.exit_code == 1


def test_an_absent_file_is_an_error_in_one_line(tmp_path):
    with pytest.raises(AnnotationError, match='annotation file not found'):
        diagnose(str(tmp_path / 'no.json'))


def test_options_that_do_not_exist(world):
    world.write()
    with pytest.raises(ValueError, match='check_images'):
        diagnose(str(world.path), check_images='yes')
    with pytest.raises(ValueError, match='bbox_format'):
        world.examine(bbox_format='yolo')
