"""Check scores: ``python tools/analysis/check_quality.py MASKS.json HUMAN.json``."""

import argparse
import json
from pathlib import Path

import numpy as np

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.evaluation.report import text_table
from mmdet_mal.labelling.files import (check_writable, refuse_overwriting,
                                       write_then_rename)
from mmdet_mal.quality.features import ALWAYS, OPTIONAL
from mmdet_mal.quality.model import QualityModel
from mmdet_mal.quality.plot import write_curve
from mmdet_mal.quality.report import (curve_rows, report_head, report_row,
                                      score_report)
from mmdet_mal.quality.table import QualityTable
from mmdet_mal.utils.tool import run_tool


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Report how well the scores of a masks JSON tell good masks '
        'from bad ones: rank correlation with the true IoU, what dropping the '
        'worst brings, calibration curve.')
    parser.add_argument('masks', help='masks JSON of a label run')
    parser.add_argument('human', help='COCO JSON of the same boxes with human '
                        'masks, on which no calibration was fitted')
    parser.add_argument(
        '--calibration', metavar='CALIB.json',
        help='a file or the name of a shipped one: score the masks anew by it '
        '(default: the scores in the file)')
    parser.add_argument('--out', metavar='REPORT.json',
                        help='write the report here, and the curve beside it')
    return parser.parse_args()


def calibrated(table: QualityTable, calibration: str) -> np.ndarray:
    """Scores of all masks by a calibration, (n,)."""
    variant = QualityModel.load(calibration).variant_for(table.features)
    return variant.predict(table.matrix(variant.features))


def main() -> None:
    args = parse_args()
    if args.out:
        refuse_overwriting(args.out, [args.masks, args.human], '--out')
        check_writable(args.out, 'the report')
    table = QualityTable.read(args.masks, args.human)
    reports = {name: score_report(values, table.ious)
               for name, values in table.features.items()
               if name in (*ALWAYS, *OPTIONAL)}
    main_name, scores = 'score in the file', table.scores
    reports[main_name] = score_report(scores, table.ious)
    if args.calibration:
        scores = calibrated(table, args.calibration)
        main_name = f'by {args.calibration}'
        reports[main_name] = score_report(scores, table.ious)
    main_report = reports[main_name]
    print(f"{len(table)} masks, mean IoU {main_report['mean_iou']:.3f}; dropping "
          'the worst by IoU itself would give '
          + ', '.join(f'{g:+.3f}' for g in main_report['best_gains'].values()))
    print(text_table([report_head(), *(report_row(name, report)
                                       for name, report in reports.items())]))
    print(text_table(curve_rows(main_report)))
    if args.out:
        with write_then_rename(args.out) as file:
            json.dump(dict(masks=args.masks, human=args.human,
                           reports=reports), file, indent=1)
            file.write('\n')
        picture = f"{Path(args.out).with_suffix('')}.png"
        write_curve(picture, main_report, scores, table.ious)
        print(f'report: {args.out}, curve: {picture}')


if __name__ == '__main__':
    run_tool(main)
