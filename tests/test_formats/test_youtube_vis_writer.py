"""Masks back into the tracks that their boxes came from."""

import json

import numpy as np
import pytest
from pycocotools import mask as mask_utils

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.formats import WRITERS, Tally, read_boxes
from mmdet_mal.formats.mask_set import MaskSet
from mmdet_mal.utils.errors import UserError

VIDEOS = [dict(id=7, width=8, height=6, length=3,
               file_names=['a/0.jpg', 'a/1.jpg', 'a/2.jpg'])]
TRACKS = [
    dict(id=70, video_id=7, category_id=3, iscrowd=0, width=8, height=6, length=1,
         bboxes=[[1., 1., 4., 3.], None, [2., 2., 3., 3.]],
         areas=[None] * 3, segmentations=[None] * 3),
    dict(id=71, video_id=7, category_id=3, iscrowd=1, width=8, height=6, length=1,
         bboxes=[None, [0., 0., 8., 6.], None])]


def pixels(bbox):
    """A box without its upper left pixel."""
    x, y, w, h = (int(v) for v in bbox)
    mask = np.zeros((6, 8), np.uint8)
    mask[y:y + h, x:x + w] = 1
    mask[y, x] = 0
    return mask


@pytest.fixture
def labelled(tmp_path):
    """Paths of tracks and of the masks of their boxes."""
    tracks, masks = tmp_path / 'train.json', tmp_path / 'masks.json'
    tracks.write_text(json.dumps(dict(
        info=dict(year=2019), videos=VIDEOS, annotations=TRACKS,
        categories=[dict(id=3, name='cat')])))
    boxes = read_boxes(str(tracks))
    for annotation in boxes['annotations']:
        rle = mask_utils.encode(np.asfortranarray(pixels(annotation['bbox'])))
        annotation.update(
            segmentation=dict(size=[6, 8], counts=rle['counts'].decode()),
            area=int(mask_utils.area(rle)), score=.5 + annotation['id'] / 8)
    masks.write_text(json.dumps(boxes))
    return tracks, masks


def write(tracks, masks, out, choose=lambda entries: entries):
    tally = Tally()
    mask_set = MaskSet(AnnotationFile(str(masks)), choose, lambda entry: None)
    WRITERS['youtube-vis'].write(mask_set, str(out), tally, tracks=tracks and str(
        tracks))
    return json.loads(out.read_text()), tally


def test_each_track_gets_a_mask_a_frame(labelled, tmp_path):
    data, tally = write(*labelled, tmp_path / 'out.json')
    assert not str(tally)
    cat, crowd = data['annotations']
    assert cat['bboxes'] == TRACKS[0]['bboxes']
    assert cat['segmentations'][1] is None and cat['areas'] == [11, None, 8]
    assert cat['mask_scores'] == [.625, None, .75]
    assert crowd['areas'] == [None, 47, None] and crowd['iscrowd'] == 1
    # Column by column: a column of 6 and one pixel more, then the box's rows.
    assert cat['segmentations'][0] == dict(
        counts=[8, 2, 3, 3, 3, 3, 3, 3, 20], size=[6, 8])
    assert data['info'] == dict(year=2019) and data['videos'] == VIDEOS


def test_the_masks_are_those_that_the_official_tools_decode(labelled, tmp_path):
    data, _ = write(*labelled, tmp_path / 'out.json')
    for track in data['annotations']:
        for rle, bbox in zip(track['segmentations'], track['bboxes'], strict=True):
            if rle is not None:
                decoded = mask_utils.decode(mask_utils.frPyObjects(rle, 6, 8))
                assert np.array_equal(decoded, pixels(bbox))


def test_boxes_come_back_as_they_were(labelled, tmp_path):
    tracks, masks = labelled
    write(tracks, masks, tmp_path / 'out.json')
    assert read_boxes(str(tmp_path / 'out.json')) == read_boxes(str(tracks))


def test_a_mask_that_is_left_out_leaves_a_null_frame(labelled, tmp_path):
    data, tally = write(*labelled, tmp_path / 'out.json', lambda entries: (
        entry for entry in entries if entry['id'] != 2))
    cat = data['annotations'][0]
    assert cat['bboxes'] == [[1, 1, 4, 3], None, None]
    assert cat['areas'] == [11, None, None]
    assert '1 boxes have no mask' in str(tally) and 'annotation 70, frame 2' in str(
        tally)


def change(path, **members):
    data = json.loads(path.read_text())
    data['annotations'][0].update(members)
    path.write_text(json.dumps(data))


def test_masks_of_other_boxes_are_refused(labelled, tmp_path):
    tracks, masks = labelled
    change(masks, track_id=99)
    with pytest.raises(UserError, match=r'annotation 1: is of track 99'):
        write(tracks, masks, tmp_path / 'out.json')
    data = json.loads(masks.read_text())
    del data['annotations'][0]['track_id']
    masks.write_text(json.dumps(data))
    with pytest.raises(UserError, match='no track_id.*mal convert --from youtube'):
        write(tracks, masks, tmp_path / 'out.json')


def test_two_masks_of_a_track_in_a_frame_are_refused(labelled, tmp_path):
    tracks, masks = labelled
    change(masks, image_id=3)
    with pytest.raises(UserError, match='another mask is in the same frame'):
        write(tracks, masks, tmp_path / 'out.json')


def test_without_the_tracks_nothing_is_written(labelled, tmp_path):
    with pytest.raises(UserError, match='--tracks FILE'):
        write(None, labelled[1], tmp_path / 'out.json')
