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
    from mmdet_mal.best_of.candidates import name_sources
    from mmdet_mal.best_of.fit import (choice_report, cross_validate, fit_scale,
                                       scale_json, subsets)
    from mmdet_mal.best_of.scorer import MaskScorer
    from mmdet_mal.best_of.table import read_tables
    from mmdet_mal.labelling.files import write_then_rename
    from mmdet_mal.labelling.manifest import hash_file

    files = name_sources(args.masks)
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
    for entry in report:
        print(f"{' '.join(f'{k} {v:.4f}' for k, v in entry['sources'].items())}"
              f" | choice {entry['choice']:.4f} oracle {entry['oracle']:.4f} "
              f"share {entry['share']} kept {entry['kept']}")
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


if __name__ == '__main__':
    main()
