"""Judges one annotation at a time, and says how ``--fix`` leaves it."""

from dataclasses import dataclass, field
from typing import Any

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.id_column import is_id, is_int

from .bbox_rules import FormatEvidence, Problem, convert_bbox, judge_bbox
from .category_table import CategoryTable
from .image_table import ImageTable
from .kinds import DROPPED, LEFT, REPAIRED
from .values import as_integer, as_number

_CROWD_VALUES = {None: 0, '0': 0, '1': 1, 'false': 0, 'true': 1}


@dataclass
class Verdict:
    """What is to be said of one annotation.

    Attributes:
        problems (list[Problem]): What was found.
        notes (list[tuple[str, str]]): Kinds that are only counted, and what
            ``--fix`` does.
        edits (dict): Keys that ``--fix`` sets.
        ann_id (int | None): Its id after repair, None if it needs a new one.
        row (int): Row of its image, -1 if unknown.
        category_id (int): Its category, -1 if unknown.
        bbox (list | None): Repaired bbox; None for crowds and lost boxes.
    """
    problems: list[Problem] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    edits: dict[str, Any] = field(default_factory=dict)
    ann_id: int | None = None
    row: int = -1
    category_id: int = -1
    bbox: list | None = None

    @property
    def dropped(self) -> bool:
        """Whether ``--fix`` drops the annotation."""
        return any(fix == DROPPED for _, fix, _ in self.problems)


class AnnotationJudge:
    """Judges annotations.

    Args:
        images (ImageTable): Gets the extent of each box.
        categories (CategoryTable): Gets which ids are used.
        bbox_format (str): One of :data:`mmdet_mal.utils.choices.BBOX_FORMATS`.

    Attributes:
        evidence (FormatEvidence): Whether the boxes are of another format.
    """

    def __init__(self, images: ImageTable, categories: CategoryTable,
                 bbox_format: str = 'xywh') -> None:
        self.images = images
        self.categories = categories
        self.bbox_format = bbox_format
        self.evidence = FormatEvidence()

    def judge(self, entry: Any) -> Verdict:
        """Judge one entry of 'annotations'.

        Args:
            entry (Any): As in the JSON.

        Returns:
            Verdict: All that can be said without knowing the others.
        """
        verdict = Verdict()
        if not isinstance(entry, dict):
            verdict.problems.append(
                ('entry_type', DROPPED, f'it is a {type(entry).__name__}'))
            return verdict
        self._judge_id(entry.get('id'), verdict)
        self._judge_image(entry.get('image_id'), verdict)
        self._judge_category(entry.get('category_id'), verdict)
        crowd = self._judge_crowd(entry, verdict)
        if not crowd:
            self._judge_box(entry.get('bbox'), verdict)
        else:
            self._judge_crowd_box(entry.get('bbox'), verdict)
        if verdict.edits.get('iscrowd') == 1:
            verdict.bbox = None  # becomes a crowd region: nobody's copy
        self._note_ignored(entry, verdict)
        return verdict

    def _judge_id(self, value: Any, verdict: Verdict) -> None:
        if is_id(value):
            verdict.ann_id = value
            return
        meant = as_integer(value)
        if meant is not None:
            verdict.ann_id = verdict.edits['id'] = meant
            kind = 'ann_id_type'
        else:
            kind = 'ann_id_overflow' if is_int(value) else 'ann_id_missing'
        verdict.problems.append((kind, REPAIRED, f'id is {value!r:.60}'))

    def _judge_image(self, value: Any, verdict: Verdict) -> None:
        verdict.row = self.images.row(value)
        if verdict.row >= 0:
            return
        meant = as_integer(value) if isinstance(value, str) else str(value)
        row = -1 if meant is None else self.images.row(meant)
        message = f'image_id is {value!r:.60}'
        if row < 0:
            verdict.problems.append(('image_id_unknown', DROPPED, message))
            return
        verdict.row = row
        verdict.edits['image_id'] = self.images.ids[row]
        verdict.problems.append(('image_id_type', REPAIRED, message))

    def _judge_category(self, value: Any, verdict: Verdict) -> None:
        table = self.categories
        # As in the data set 1.0 and true are found too, a list is not.
        found = isinstance(value, (int, float, str)) and value in table.known
        if found and value in table.repaired:
            verdict.category_id = int(value)
            table.used.add(int(value))
            return
        meant = value if is_int(value) else as_integer(value)
        message = f'category_id is {value!r:.60}'
        if meant is None or meant not in table.repaired:
            verdict.problems.append(('category_id_unknown', DROPPED, message))
            return
        verdict.category_id = meant
        table.used.add(meant)
        if value != meant:
            verdict.edits['category_id'] = meant
        verdict.problems.append(('category_id_type', REPAIRED, message))

    def _judge_crowd(self, entry: dict, verdict: Verdict) -> bool:
        """Whether the data set takes it for a crowd region, as it stands."""
        if 'iscrowd' not in entry:
            verdict.notes.append(('iscrowd_missing', REPAIRED))
            verdict.edits['iscrowd'] = 0
            return False
        value, crowd = entry['iscrowd'], is_crowd(entry)
        if is_int(value) and value in (0, 1):
            return crowd
        key = value.strip().lower() if isinstance(value, str) else value
        message = f'iscrowd is {value!r:.60}'
        if isinstance(value, (bool, float)) and value in (0, 1):
            meant = int(value)
        elif value is None or isinstance(key, str) and key in _CROWD_VALUES:
            meant = _CROWD_VALUES[key]
        else:
            verdict.problems.append(('iscrowd_value', LEFT, message))
            return crowd
        verdict.problems.append(('iscrowd_value', REPAIRED, message))
        verdict.edits['iscrowd'] = meant
        return crowd

    def _judge_box(self, value: Any, verdict: Verdict) -> None:
        height = width = 0
        if verdict.row >= 0:
            height, width = self.images.shape(verdict.row)
        bbox, problems = judge_bbox(value, width, height, self.bbox_format)
        verdict.problems += problems
        verdict.bbox = bbox
        if bbox is not None and bbox is not value:
            verdict.edits['bbox'] = bbox
        if verdict.row < 0:
            return
        raw = self._numbers(value)
        if raw is None:
            self.images.add_box(verdict.row, 0, 0, False)
            return
        if self.bbox_format != 'xywh':
            _, raw = convert_bbox(raw, width, height, self.bbox_format)
        right, bottom = raw[0] + raw[2], raw[1] + raw[3]
        beyond = bool(width and height) and (right > width + 1
                                             or bottom > height + 1)
        self.images.add_box(verdict.row, right, bottom, beyond)
        if width and height and self.bbox_format == 'xywh':
            self.evidence.add(raw, width, height)

    def _judge_crowd_box(self, value: Any, verdict: Verdict) -> None:
        """Crowd regions pass through; stock loaders still want a box."""
        _, problems = judge_bbox(value, 0, 0)
        if any(fix == DROPPED and kind != 'bbox_zero'
               for kind, fix, _ in problems):
            verdict.problems.append(('crowd_bbox', LEFT, f'bbox {value!r:.80}'))
        if verdict.row >= 0:
            self.images.add_box(verdict.row, 0, 0, False)

    def _numbers(self, value: Any) -> list | None:
        """A bbox as it stands in the file, if it is one of numbers."""
        try:
            if isinstance(value, list) and len(value) == 4:
                return list(map(float, value))
        except (TypeError, ValueError, OverflowError):
            pass
        return None

    def _note_ignored(self, entry: dict, verdict: Verdict) -> None:
        """Count what the label run does not read."""
        if entry.get('segmentation'):
            verdict.notes.append(('segmentation_present', LEFT))
        area = entry.get('area')
        if as_number(area) is None or isinstance(area, str):
            verdict.notes.append(('area_missing', LEFT))
        elif verdict.bbox is not None and 'bbox' not in verdict.edits:
            of_box = verdict.bbox[2] * verdict.bbox[3]
            if not abs(area - of_box) <= max(1, .01 * of_box):
                verdict.notes.append(('area_differs', LEFT))


