"""Finds what is wrong with an annotation file and its images, and repairs it.

``python tools/doctor.py boxes.json --images DIR`` is the command;
:func:`diagnose` is its first half for other code.
"""

from .diagnose import diagnose
from .diagnosis import Diagnosis
from .examination import Examination
from .finding import Finding
from .kinds import KINDS, Kind, data_set_kind
from .repair import Repair, repair_file

__all__ = [
    'KINDS', 'Diagnosis', 'Examination', 'Finding', 'Kind', 'Repair',
    'data_set_kind', 'diagnose', 'repair_file'
]
