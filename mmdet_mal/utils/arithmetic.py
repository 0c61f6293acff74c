"""The same sums in every process."""

import os


def round_alike() -> None:
    """Make MKL round alike in every process; ``import mmdet_mal`` calls it.

    MKL else chooses its kernel by the alignment of memory, which differs from
    process to process.  On a 256-to-64 linear layer of 1 to 16 rows, 9 of 80
    results differed in their last bits when only the alignment did; with this
    setting none, at the same speed (``COMPATIBLE``, the other choice, took
    four times as long).  Thresholds and the mean field turn last bits into
    pixels.  MKL reads the variable when it is first used, so torch may have been
    imported; what a person has set stays.
    """
    os.environ.setdefault('MKL_CBWR', 'AUTO,STRICT')
