"""YouTube-VIS JSON: videos, and tracks with one box a frame."""

from collections.abc import Iterator, Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable
from .image_folder import ImageFolder, look_at
from .json_file import load_json
from .probe import Probe
from .progress import watch
from .tally import Tally


class YouTubeVisReader(BoxReader):
    """YouTube-VIS (2019, 2021, 2022; OVIS has the same layout).

    Each frame becomes an image (with ``video_id`` and ``frame_id``, from 0)
    and each box of a track an annotation (with ``track_id``, the id of the
    track in the file); ``mal export --to youtube-vis`` finds the way back by
    these members.  Masks in the file are dropped.
    """

    name = 'youtube-vis'
    summary = 'YouTube-VIS JSON; a frame becomes an image, masks are dropped'

    def recognise(self, probe: Probe) -> bool:
        outline = probe.json_outline
        return {'videos', 'annotations'} <= outline.keys()

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             **options: Any) -> dict[str, Any]:
        data = load_youtube_vis(path)
        names = {entry.get('id'): entry.get('name')
                 for entry in data['categories']}
        if classes is None:
            classes = [str(names[key]) for key in sorted(names)]
        table = BoxTable(tally, classes, min_box_score, path)
        frames, lengths = {}, {}
        for video in watch(data['videos'], 'videos', 'video'):
            where = f"{path}: video {video.get('id')}"
            frames[video['id']] = list(
                _add_frames(table, video, images, exif, where))
            lengths[video['id']] = len(frames[video['id']])
        for track in data['annotations']:
            where = f"{path}: annotation {track.get('id')}"
            video = track.get('video_id')
            if video not in frames:
                raise UserError(f'{where}: video_id is {video!r}, which no entry '
                                "of 'videos' has; correct it")
            name = names.get(track.get('category_id'))
            if name is None:
                raise UserError(
                    f"{where}: category_id is {track.get('category_id')!r}, which "
                    "no entry of 'categories' has; correct it")
            boxes = per_frame(track, 'bboxes', lengths[video], where)
            for frame, box in enumerate(boxes):
                if box is None:  # not in this frame
                    continue
                image_id, picture = frames[video][frame]
                at = f'{where}, frame {frame}'
                if not isinstance(box, list) or len(box) != 4:
                    raise UserError(f'{at}: the box is {box!r:.80}, expected x, '
                                    'y, width and height, or null')
                table.add_box(image_id, name, picture.to_stored(box), at,
                              track.get('score'), track.get('iscrowd') or 0,
                              track_id=track['id'])
        return table.to_coco()


def load_youtube_vis(path: str) -> dict[str, Any]:
    """Read a YouTube-VIS file and prove its outline.

    Args:
        path (str): Of the file.

    Returns:
        dict: With lists ``videos``, ``annotations`` and ``categories``, whose
        entries have ids; those of videos and annotations are unique.

    Raises:
        UserError: If it is something else.
    """
    data = load_json(path)
    if not isinstance(data, dict):
        raise UserError(f'{path}: holds a list, expected the object of a '
                        'YouTube-VIS file with videos and annotations')
    for key in ('videos', 'annotations', 'categories'):
        entries = data.get(key)
        if not isinstance(entries, list):
            hint = ('; annotations of valid and test are not published, take '
                    'train' if key == 'annotations' else '')
            raise UserError(f'{path}: {key!r} is {type(entries).__name__}, '
                            f'expected a list{hint}')
        seen = set()
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict) or not isinstance(
                    entry.get('id'), (int, str)):
                raise UserError(f'{path}: entry {number} of {key!r} has no id; '
                                'give it one')
            if entry['id'] in seen:
                raise UserError(f"{path}: id {entry['id']} occurs twice in "
                                f'{key!r}; make ids unique')
            seen.add(entry['id'])
    return data


def per_frame(track: dict[str, Any], key: str, length: int,
              where: str) -> list[Any]:
    """A list of a track that has an entry for each frame.

    Args:
        track (dict): Entry of ``annotations``.
        key (str): Such as ``bboxes``.
        length (int): Frames of its video.
        where (str): File and record, for the message.

    Raises:
        UserError: If it is no list of that length.
    """
    values = track.get(key)
    if not isinstance(values, list):
        raise UserError(f'{where}: {key} is {type(values).__name__}, expected a '
                        'list with a box or null for each frame')
    if len(values) != length:
        raise UserError(f'{where}: {key} has {len(values)} entries, its video '
                        f'has {length} frames; correct it')
    return values


def _add_frames(table: BoxTable, video: dict[str, Any],
                images: ImageFolder | None, exif: str | None,
                where: str) -> Iterator[tuple[int, Any]]:
    """Add the frames of a video; yields id and picture of each."""
    names = video.get('file_names')
    if not isinstance(names, list) or not all(
            isinstance(name, str) for name in names):
        raise UserError(f'{where}: file_names is no list of paths; correct it')
    stated = (video.get('width'), video.get('height'))
    for frame, name in enumerate(names):
        picture = look_at(images, name, where, stated if all(stated) else None,
                          exif)
        yield table.add_image(
            picture.file_name, picture.width, picture.height, where,
            video_id=video['id'], frame_id=frame), picture
