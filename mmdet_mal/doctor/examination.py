"""Runs all checks on one file, in the order in which they need each other."""

import os
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from mmdet_mal.utils.choices import BBOX_FORMATS, IMAGE_CHECKS

from .annotation_judge import AnnotationJudge, Verdict
from .category_table import note_unused, read_categories
from .diagnosis import Diagnosis
from .finding import Finding
from .folders import is_absolute
from .image_files import ImageFiles
from .image_table import ImageTable, read_images
from .json_source import JsonSource
from .kinds import DROPPED, LEFT, REPAIRED
from .ledger import Ledger
from .literals import has_literals

# Boxes of an image that must stick out before its size is doubted.
_MANY_BEYOND = 3


class Examination:
    """All that is found out about an annotation file.

    Args:
        ann_file (str): COCO detection file.
        image_dir (str, optional): Folder or address of the images, the
            folder inside an archive; None looks at no image.
        check_images (str): 'none', 'exists' (each folder is listed once),
            'headers' (formats, sizes, ends of files, equal files) or
            'decode' (reads every pixel).
        backend_args (dict, optional): File backend of mmengine.
        bbox_format (str, optional): One of
            :data:`mmdet_mal.utils.choices.BBOX_FORMATS`; None takes 'xywh' and
            says so if that seems wrong.
        progress (bool): Whether to show bars on stderr.

    Attributes:
        diagnosis (Diagnosis): What was found.
        source (JsonSource): The file.
        images, categories: Tables with the repairs of their entries; None
            if the file could not be read.
        judged (set[str]): Kinds that were found in single annotations.
        suspicion (str): 'bbox_xyxy' or 'bbox_normalised' if the boxes seem
            to be of another format, else ''.

    Raises:
        AnnotationError: If the file is absent or cannot be opened.
        UserError: If an archive or server of images cannot be reached.
    """

    def __init__(self,
                 ann_file: str,
                 image_dir: str | None = None,
                 check_images: str = 'exists',
                 backend_args: dict | None = None,
                 bbox_format: str | None = None,
                 progress: bool = False) -> None:
        if check_images not in IMAGE_CHECKS:
            raise ValueError(f'check_images must be one of {IMAGE_CHECKS}, got '
                             f"'{check_images}'")
        if bbox_format not in (None, *BBOX_FORMATS):
            raise ValueError(f'bbox_format must be one of {BBOX_FORMATS}, got '
                             f"'{bbox_format}'")
        looks = image_dir is not None and check_images != 'none'
        self.bbox_format = bbox_format
        self.judged: set[str] = set()
        self.suspicion = ''
        self.images = self.categories = None
        self.diagnosis = Diagnosis(ann_file,
                                   check_images if looks else 'none')
        self._progress = progress
        self.source = JsonSource(ann_file, self.diagnosis)
        if not self.source.usable:
            return
        self.diagnosis.sizes = {
            key: self.source.count(key)
            for key in ('images', 'annotations', 'categories')}
        for kind, fix, message in has_literals(self.source):
            self.diagnosis.add(Finding(kind, message, fix))
        self.images = read_images(self.source, self.diagnosis)
        self.categories = read_categories(self.source, self.diagnosis)
        files = None
        if looks:
            files = ImageFiles(self.images, self.diagnosis, image_dir,
                               check_images, backend_args, progress)
            files.run()
        else:
            _judge_names_alone(self.images, self.diagnosis)
        _report_sizeless(self.images, self.diagnosis)
        ledger = self._judge_annotations()
        if files is not None:
            files.judge_sizes()
        self._report_equals(ledger)
        _note_images(self.images, self.diagnosis)
        note_unused(self.categories, self.diagnosis)

    def _judge_annotations(self) -> Ledger:
        """Judge all annotations as they are."""
        judge = AnnotationJudge(self.images, self.categories,
                                self.bbox_format or 'xywh')
        ledger = Ledger()

        def take(position: int, entry: Any, verdict: Verdict) -> None:
            ledger.add(verdict)
            self.judged.update(kind for kind, *_ in verdict.problems)
            self.judged.update(kind for kind, _ in verdict.notes)
            report(self.diagnosis, self.images, position, entry, verdict)

        self.judge_all(judge, take, 'looking at annotations')
        suspicion = judge.evidence.suspicion()
        if suspicion is not None and self.bbox_format is None:
            self.suspicion = suspicion[0]
            self.diagnosis.add(Finding(suspicion[0], suspicion[1]))
        return ledger

    def judge_all(self, judge: AnnotationJudge,
                  take: Callable[[int, Any, Verdict], None],
                  purpose: str) -> None:
        """Judge every annotation of the file.

        Args:
            judge (AnnotationJudge): Who judges.
            take (Callable): Gets position, entry and verdict of each.
            purpose (str): For the progress bar.
        """
        entries = tqdm(self.source.entries('annotations'), desc=purpose,
                       total=self.source.count('annotations'), unit='box',
                       disable=not self._progress, mininterval=.5)
        for position, entry in enumerate(entries):
            take(position, entry, judge.judge(entry))

    def _report_equals(self, ledger: Ledger) -> None:
        """Report ids and boxes that occur again."""
        def add(position: int, kind: str, message: str, fix: str) -> None:
            row = int(ledger.rows[position])
            self.diagnosis.add(Finding(
                kind, message, fix, entry=position,
                file=self.images.file_names[row] if row >= 0 else '',
                image_id=self.images.ids[row] if row >= 0 else None,
                annotation_id=int(ledger.ids[position])))

        for position, times in ledger.repeated_ids():
            add(position, 'ann_id_duplicate',
                f'entry {position}: this id occurs {times} times', REPAIRED)
        copies, others = ledger.copies()
        for position in copies.tolist():
            add(position, 'bbox_duplicate', 'this box and category were '
                'there before in this image', DROPPED)
        for position in others.tolist():
            add(position, 'bbox_two_categories', 'this box is there under '
                'another category too', LEFT)


def report(diagnosis: Diagnosis, images: ImageTable, position: int,
           entry: Any, verdict: Verdict) -> None:
    """Write down what was found in one annotation.

    Args:
        diagnosis (Diagnosis): Gets it.
        images (ImageTable): For the file's name.
        position (int): Of the annotation in its list.
        entry (Any): The annotation.
        verdict (Verdict): As judged.
    """
    if not verdict.problems and not verdict.notes:
        return
    ids = {}
    if isinstance(entry, dict):
        ids = dict(image_id=entry.get('image_id'),
                   annotation_id=entry.get('id'))
    file = images.file_names[verdict.row] if verdict.row >= 0 else ''
    for kind, fix, message in verdict.problems:
        if kind == 'entry_type':
            message = f"entry {position} of 'annotations': {message}"
        diagnosis.add(Finding(kind, message, fix, file, entry=position, **ids))
    for kind, fix in verdict.notes:
        diagnosis.count(kind, fix, file=file, entry=position, **ids)


def _judge_names_alone(images: ImageTable, diagnosis: Diagnosis) -> None:
    """Judge file names where no file is looked at."""
    for row in range(len(images)):
        name = images.name(row)
        kind, fix, message = '', LEFT, ''
        if is_absolute(name):
            kind, message = 'file_name_absolute', name
        elif '\\' in name:
            new_name = name.replace('\\', '/')
            kind, fix, message = 'file_name_backslash', REPAIRED, new_name
            images.edit(row, file_name=new_name)
        elif os.pardir in name.split('/'):
            kind, message = 'file_name_parent', name
        if kind and not images.is_dropped(row):
            diagnosis.add(Finding(kind, message, fix, images.file_names[row],
                                  images.ids[row], entry=row))


def _report_sizeless(images: ImageTable, diagnosis: Diagnosis) -> None:
    """Report images without a size that no file could supply."""
    for row, found in images.sizeless.items():
        diagnosis.add(Finding('image_size_missing', found, LEFT,
                              images.file_names[row], images.ids[row],
                              entry=row))


def _note_images(images: ImageTable, diagnosis: Diagnosis) -> None:
    """Report images whose boxes are absent or of another size."""
    for row in range(len(images)):
        who = dict(file=images.file_names[row], image_id=images.ids[row],
                   entry=row)
        if images.num_boxes[row] == 0:
            if not images.is_dropped(row):
                diagnosis.count('image_without_boxes', **who)
        elif (images.num_beyond[row] >= _MANY_BEYOND
              and images.num_beyond[row] * 2 > images.num_boxes[row]):
            height, width = images.shape(row)
            diagnosis.add(Finding(
                'boxes_other_size', f'{images.num_beyond[row]} of '
                f'{images.num_boxes[row]} boxes stick out of {width} x '
                f'{height} px (w x h); they reach to {images.right[row]:.0f} '
                f'x {images.bottom[row]:.0f}', **who))
