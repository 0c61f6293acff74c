"""Fit the scale of ``mal best-of`` on boxes that have human masks.

    python tools/analysis/fit_best_of.py human.json MAL=mal.json tool.json \
        --images photos/ --out scale.json

With --check SCALE nothing is fitted: the choice by that scale is reported.
"""

import argparse
import json
import os

from mmdet_mal.utils.tool import run_tool


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('human', help='COCO JSON of the boxes with human masks')
    parser.add_argument('masks', nargs='+', metavar='[NAME=]MASKS.json')
    parser.add_argument('--images', required=True, metavar='DIR')
    parser.add_argument('--out', metavar='SCALE.json',
                        help='where to write the scale (or the report)')
    parser.add_argument('--check', metavar='SCALE',
                        help='report on this scale instead of fitting one')
    args = parser.parse_args()
    run_tool(lambda: _run(args))


def _run(args: argparse.Namespace) -> None:
    import mmdet_mal  # noqa: F401  its shields come first
    from mmdet_mal.best_of.candidates import name_sources
    from mmdet_mal.best_of.fit import (choice_report, cross_validate, fit_scale,
                                       report_table, scale_json, subsets)
    from mmdet_mal.best_of.scorer import MaskScorer
    from mmdet_mal.best_of.table import read_tables
    from mmdet_mal.evaluation.report import text_table
    from mmdet_mal.labelling.files import (check_writable, refuse_overwriting,
                                           write_then_rename)
    from mmdet_mal.labelling.manifest import hash_file

    files = name_sources(args.masks)
    if args.out:
        refuse_overwriting(args.out, [args.human, *files.values(), args.check],
                           '--out')
        check_writable(args.out, 'the report' if args.check else 'the scale')
    scorer = args.check and MaskScorer.load(args.check)
    names, sets = list(files), subsets(len(files))
    tables = read_tables(files, args.human, args.images, sets)
    if scorer:
        lines = [scorer.variant.line(t.components.reshape(-1, t.components.shape[2])
                                     ).reshape(t.ious.shape) for t in tables]
    else:
        lines = cross_validate(tables)
    report = [choice_report(line, table.ious, [names[i] for i in chosen])
              for line, table, chosen in zip(lines, tables, sets, strict=True)]
    print(f"{report[0]['boxes']} boxes with human masks; mean IoU of each set of "
          'sources, of the choice '
          + (f'by {args.check}' if scorer else 'by cross-validation over images')
          + ' and of the oracle; share: of the way from the best source to it')
    print(text_table(report_table(report)))
    content = dict(report=report)
    if not scorer:
        fitted_on = [dict(human=os.path.basename(args.human),
                          human_sha256=hash_file(args.human), sources=names,
                          boxes=len(tables[0].ious))]
        content = scale_json(fit_scale(tables), fitted_on, report)
    if args.out:
        with write_then_rename(args.out) as file:
            json.dump(content, file, indent=1)
            file.write('\n')
        print(f"{'report' if scorer else 'scale'}: {args.out}")


if __name__ == '__main__':
    main()
