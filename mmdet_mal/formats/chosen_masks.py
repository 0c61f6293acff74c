"""Masks that a person chose from another label file of the same boxes."""

from collections.abc import Mapping
from typing import Any

from mmdet_mal.utils.errors import UserError

from .decisions import Decisions
from .tally import Tally

# What a label run writes into an annotation.
_OF_A_MASK = ('segmentation', 'area', 'score', 'mal')


class ChosenMasks:
    """Exchanges masks where the review page compared several files.

    Args:
        decisions: With the names of the chosen files; None exchanges nothing.
        files: Path by name.
        masks_json: The file that is exported.

    Raises:
        UserError: If a name that is used has no file, or a file lacks a mask.
    """

    def __init__(self, decisions: Decisions | None, files: Mapping[str, str],
                 masks_json: str) -> None:
        self._masks: dict[str, dict[str, Any]] = {}
        self._name: dict[str, str] = {}
        if decisions is None:
            if files:
                raise UserError('--masks-of names masks that decisions chose; give '
                                '--decisions')
            return
        wanted = {number: name for number, name in decisions.chosen.items()
                  if decisions.by_id[number] != 'reject'}
        missing = sorted(set(wanted.values()) - files.keys() - {decisions.own_name})
        if missing:
            raise UserError(
                f"{decisions.path}: masks of {', '.join(map(repr, missing))} were "
                f'chosen, which are not those of {masks_json}; say where they lie '
                f'with --masks-of {missing[0]}=FILE')
        for name, path in files.items():
            ids = {number for number, chosen in wanted.items() if chosen == name}
            self._read(name, path, ids)

    def _read(self, name: str, path: str, ids: set[str]) -> None:
        """Read the chosen masks of a file."""
        from mmdet_mal.datasets.annotation_file import AnnotationFile
        for entry in AnnotationFile(path).entries('annotations'):
            number = str(entry.get('id'))
            if number in ids:
                self._masks[number] = {key: entry[key] for key in _OF_A_MASK
                                       if key in entry}
                self._name[number] = name
        missing = sorted(ids - self._masks.keys())
        if missing:
            raise UserError(f'{path}: has no annotation {missing[0]}, whose mask of '
                            f'{name!r} was chosen; give the file that was reviewed')

    def apply(self, annotation: dict[str, Any], tally: Tally) -> dict[str, Any]:
        """An annotation with the mask that was chosen for it."""
        number = str(annotation.get('id'))
        if number not in self._masks:
            return annotation
        tally.add(f'masks are taken from {self._name[number]!r}, as was decided',
                  f'annotation {number}')
        own = {key: value for key, value in annotation.items()
               if key not in _OF_A_MASK}
        return {**own, **self._masks[number]}
