"""Fit a calibration: ``python tools/analysis/fit_quality.py MASKS HUMAN --out C``."""

import argparse
from pathlib import Path

import numpy as np

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.evaluation.report import text_table
from mmdet_mal.labelling.files import check_writable, refuse_overwriting
from mmdet_mal.quality.features import ALWAYS, OPTIONAL
from mmdet_mal.quality.fit import RIDGE, cross_validate, fit_quality
from mmdet_mal.quality.plot import write_curve
from mmdet_mal.quality.report import (curve_rows, report_head, report_row,
                                      score_report)
from mmdet_mal.quality.table import QualityTable
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import run_tool


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Fit a calibration that predicts the IoU of a mask from its '
        "components ('mal' in a masks JSON), and cross-validate it by image.",
        epilog='example:\n  python tools/analysis/fit_quality.py masks.json '
        'instances_train.json \\\n      --out calib.json\nthen, in the config of '
        "the labeller:\n  model = dict(quality=dict(calibration='calib.json'))")
    parser.add_argument(
        'files', nargs='+', metavar='MASKS.json HUMAN.json',
        help='masks of a label run and human masks of the same boxes; further '
        'pairs may follow')
    parser.add_argument('--out', required=True, metavar='CALIB.json',
                        help='the calibration; its curve is drawn beside it')
    parser.add_argument(
        '--leave-out', nargs='+', default=[], choices=OPTIONAL,
        help='components not to use, such as those that the labeller will not '
        'give')
    parser.add_argument('--ridge', type=float, default=RIDGE,
                        help='weight of the ridge (default: %(default)s)')
    return parser.parse_args()


def read_pairs(files: list[str]) -> QualityTable:
    """Read pairs of masks and human masks."""
    if len(files) % 2:
        raise UserError(f'{files[-1]}: has no partner; give pairs: MASKS.json '
                        'HUMAN.json [MASKS.json HUMAN.json …]')
    return QualityTable.join([QualityTable.read(masks, human) for masks, human
                              in zip(files[::2], files[1::2], strict=True)])


def main() -> None:
    args = parse_args()
    if not 0 <= args.ridge < float('inf'):
        raise UserError(f'--ridge {args.ridge}: expected a number of at least 0')
    refuse_overwriting(args.out, args.files, '--out')
    check_writable(args.out, 'the calibration')
    table = read_pairs(args.files)
    model = fit_quality(table, args.leave_out, args.ridge)
    model.save(args.out)

    predictions = cross_validate(table, model.variants[0].features, args.ridge)
    report = model.details['cross_validation']
    rows = [report_row(name, score_report(values, table.ious))
            for name, values in table.features.items()
            if name in (*ALWAYS, *OPTIONAL)]
    rows.append(report_row('score in the file',
                           score_report(table.scores, table.ious)))
    rows.append(report_row('calibration, cross-validated', report))
    print(f"{len(table)} masks, mean IoU {report['mean_iou']:.3f}; dropping the "
          'worst by IoU itself would give '
          + ', '.join(f'{g:+.3f}' for g in report['best_gains'].values()))
    print(text_table([report_head(), *rows]))
    print(text_table(curve_rows(report)))
    picture = f"{Path(args.out).with_suffix('')}.png"
    write_curve(picture, report, predictions.ravel(),
                np.tile(table.ious, len(predictions)))
    print(f'calibration: {args.out} ({len(model.variants)} variants), '
          f'curve: {picture}')


if __name__ == '__main__':
    run_tool(main)
