"""The table of trainings that have been run elsewhere."""

from collections.abc import Mapping

from .run_log import check_comparable, read_run_log
from .table import HUMAN, RetentionTable


def compare_logs(human: str, logs: Mapping[str, str],
                 unfinished: str = 'refuse') -> RetentionTable:
    """Read and compare logs.

    Args:
        human (str): log or work folder of the training on human masks.
        logs (Mapping): those of the other trainings, by name.
        unfinished (str): as in :func:`~.run_log.check_comparable`.

    Raises:
        UserError: a log is missing, without mask AP, of a training that
            stopped early, or of other data.
    """
    runs = [read_run_log(HUMAN, human),
            *(read_run_log(name, path) for name, path in logs.items())]
    return RetentionTable(
        runs[0].scores, {run.name: run.scores for run in runs[1:]},
        notes=check_comparable(runs, unfinished),
        details=dict(logs={run.name: run.path for run in runs}))
