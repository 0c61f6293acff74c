"""Clustering score of an encoder: ``python tools/analysis/cluster_score.py CONFIG``."""

import argparse
import json

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.evaluation.cluster_run import cluster_rows, score_encoder
from mmdet_mal.evaluation.report import text_table
from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.tool import load_config, run_tool


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="How well the tokens of a config's frozen pretrained encoder "
        'group into objects and ground (paper eq. 6; lower is better), block '
        'by block. For choosing an encoder and its blocks before training.',
        epilog='example:\n  python tools/analysis/cluster_score.py '
        'configs/mal/mal_deit-ti_coco.py \\\n      --ann instances_dev.json '
        '--images photos --crop-size 224')
    parser.add_argument('config', help='of a labeller; only its encoder is used')
    parser.add_argument('--ann', required=True, metavar='HUMAN.json',
                        help='COCO JSON with human masks')
    parser.add_argument('--images', required=True, metavar='DIR',
                        help='folder, archive or address of the images')
    parser.add_argument('--weights', metavar='FILE',
                        help='weights of the encoder (default: what the config '
                        'names as pretrained)')
    parser.add_argument('--max-boxes', type=int, metavar='N',
                        help='score about so many boxes, spread evenly over '
                        'the file (default: all)')
    parser.add_argument('--crop-size', type=int, metavar='PX',
                        help="side of the square crops (default: the config's)")
    parser.add_argument('--blocks', type=int, nargs='+', metavar='I',
                        help='blocks of a plain ViT, counted from 0 (default: '
                        'all; other encoders: the stages of the config)')
    parser.add_argument('--out', metavar='SCORES.json',
                        help='write the table here, too')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if args.out:
        check_writable(args.out, 'the scores')
    result = score_encoder(
        load_config(args.config), args.ann, args.images, weights=args.weights,
        max_boxes=args.max_boxes, crop_size=args.crop_size, blocks=args.blocks,
        progress=True)
    print(text_table(cluster_rows(result)))
    print(f"{result['n']} boxes scored; {result['n_left_out']} left out, whose "
          'mask covers no token of the grid or all of them; '
          f"{result['n_unreadable']} whose image could not be read")
    if args.out:
        with write_then_rename(args.out) as file:
            json.dump(dict(result, config=args.config, ann=args.ann), file,
                      indent=1)
            file.write('\n')
        print(f'scores: {args.out}')


if __name__ == '__main__':
    run_tool(main)
