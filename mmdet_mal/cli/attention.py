"""``mal attention``: where an encoder looks."""

import argparse

SUMMARY = 'Draw the attention maps of chosen blocks and heads over a box'
EPILOG = """\
examples:
  mal attention instant_deit-ti --ann boxes.json --images photos/
  mal attention CONFIG epoch_10.pth --ann boxes.json --images photos/ --id 17 \\
      --blocks 3 6 9 --heads 0 2 --query box -o attention.png

Without CHECKPOINT the pretrained encoder is shown as it is.  A plain ViT is
needed (DeiT, MAE, DINOv2); Swin and ConvNeXt have no attention over the crop.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('config', help='of a labeller: a file, or the name of a '
                        'shipped one')
    parser.add_argument('checkpoint', nargs='?',
                        help='of a training (default: the pretrained encoder)')
    parser.add_argument('--ann', required=True, metavar='BOXES.json',
                        help='COCO JSON with boxes')
    parser.add_argument('--images', required=True, metavar='DIR',
                        help='folder, archive or address of the images')
    parser.add_argument('--id', type=int, metavar='ANNOTATION',
                        help='the box (default: the largest)')
    parser.add_argument('--blocks', type=int, nargs='+', metavar='I',
                        help='blocks, counted from 0 (default: the first, the '
                        'middle and the last)')
    parser.add_argument('--heads', nargs='+', default=['all'], metavar='I',
                        help="heads, counted from 0, or 'all' or 'mean' (default: "
                        'all)')
    parser.add_argument('--query', choices=('class', 'box'), default='class',
                        help='whose attention: the class token, or the mean of '
                        'the patches inside the box (default: %(default)s)')
    parser.add_argument('--network', choices=('teacher', 'student'),
                        default='teacher', help='of the checkpoint (default: '
                        '%(default)s)')
    parser.add_argument('-o', '--out', default='attention.png', metavar='FILE',
                        help='a PNG (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Draw and write the picture."""
    from mmdet_mal.utils.errors import UserError
    if not args.out.lower().endswith('.png'):
        raise UserError(f'-o {args.out}: the picture is a PNG, name it so')
    heads = _heads(args.heads)
    from mmdet_mal.utils.shipped import find_config
    from mmdet_mal.utils.tool import load_config
    from mmdet_mal.visualization.attention.run import draw_attention
    from mmdet_mal.visualization.grid import write_png
    picture, facts = draw_attention(
        load_config(find_config(args.config)), args.ann, args.images,
        checkpoint=args.checkpoint, network=args.network, ann_id=args.id,
        blocks=args.blocks, heads=heads, query=args.query)
    write_png(args.out, picture)
    whose = ('the class token' if args.query == 'class' else
             'the patches inside the box')
    print(f"attention of {whose}, annotation {facts['ann_id']} "
          f"({facts['file']}), blocks {', '.join(map(str, facts['blocks']))}: "
          f"{args.out}; {facts['elsewhere']:.0%} of it goes to no patch (class "
          'token, registers)')


def _heads(words: list[str]) -> list[int] | str:
    """Numbers of heads, or the one word for several."""
    from mmdet_mal.utils.errors import UserError
    if len(words) == 1 and words[0] in ('all', 'mean'):
        return words[0]
    try:
        return [int(word) for word in words]
    except ValueError:
        raise UserError(f"--heads {' '.join(words)}: expected numbers, counted "
                        "from 0, or 'all' or 'mean'") from None
