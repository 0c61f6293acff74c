"""Masks back into the YouTube-VIS file that their boxes came from."""

import json
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import MaskWriter
from .mask_set import Mask, MaskSet
from .option import Option
from .tally import Tally
from .youtube_vis_reader import load_youtube_vis, per_frame

_PER_FRAME = ('segmentations', 'areas', 'mask_scores')
_LINK = 'run `mal convert --from youtube-vis` and label what it wrote'


class YouTubeVisWriter(MaskWriter):
    """One JSON: the original, with a mask a frame for each track.

    Each track gets ``segmentations`` (uncompressed run lengths, as the
    official files have them), ``areas`` of the masks, and ``mask_scores``
    (ours); each a list with null for frames in which the track has no mask.
    ``bboxes`` is null there too, for a box without a mask stops stock loaders.
    Everything else stays as it is.
    """

    name = 'youtube-vis'
    summary = 'YouTube-VIS JSON: --tracks FILE with masks in place of its own'
    out_kind = 'file'
    options = (Option(
        'tracks', 'the YouTube-VIS JSON that the boxes were converted from',
        metavar='FILE'), )

    def write(self, masks: MaskSet, out: str, tally: Tally,
              tracks: str | None = None, **options: Any) -> None:
        if tracks is None:
            raise UserError('--to youtube-vis needs --tracks FILE, the '
                            'YouTube-VIS JSON that the boxes came from')
        data = load_youtube_vis(tracks)
        videos = {video['id']: video for video in data['videos']}
        found = {track['id']: track for track in data['annotations']}
        for track in found.values():
            video = videos.get(track.get('video_id'))
            if video is None:
                raise UserError(f"{tracks}: annotation {track['id']}: no entry of "
                                f"'videos' has the id {track.get('video_id')!r}")
            for key in _PER_FRAME:
                track[key] = [None] * len(video.get('file_names') or ())
        for group in masks.by_image():
            for mask in (*group.masks, *group.regions):
                _put(mask, group.image, found, masks.path, tracks)
        for track in found.values():
            _clear_boxes(track, tracks, tally)
        with open(out, 'w', encoding='utf-8') as file:
            json.dump(data, file)


def _put(mask: Mask, image: dict[str, Any], tracks: dict[Any, dict],
         path: str, source: str) -> None:
    """Put a mask into its frame of its track."""
    from mmdet_mal.structures.rle import rle_area, rle_counts
    where = f'{path}: annotation {mask.id}'
    frame, video = image.get('frame_id'), image.get('video_id')
    if frame is None or 'track_id' not in mask.annotation:
        raise UserError(f'{where}: no track_id, or no frame_id in its image; '
                        f'{_LINK}')
    track = tracks.get(mask.annotation['track_id'])
    if (track is None or track['video_id'] != video
            or not 0 <= frame < len(track['segmentations'])):
        raise UserError(
            f"{where}: is of track {mask.annotation['track_id']!r}, video "
            f'{video!r}, frame {frame!r}, which {source} does not have; give the '
            'file that the boxes were converted from')
    if track['segmentations'][frame] is not None:
        raise UserError(f'{where}: another mask is in the same frame of its '
                        f'track; {_LINK}')
    track['segmentations'][frame] = dict(
        counts=rle_counts(mask.rle).tolist(), size=list(mask.rle['size']))
    track['areas'][frame] = rle_area(mask.rle)
    track['mask_scores'][frame] = mask.score


def _clear_boxes(track: dict[str, Any], source: str, tally: Tally) -> None:
    """Take out boxes of frames that have no mask."""
    where = f"{source}: annotation {track['id']}"
    boxes = per_frame(track, 'bboxes', len(track['segmentations']), where)
    for frame, mask in enumerate(track['segmentations']):
        if mask is None and boxes[frame] is not None:
            boxes[frame] = None
            tally.add('boxes have no mask among those exported; their frames '
                      'are null', f'{where}, frame {frame}')
