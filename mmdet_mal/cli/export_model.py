"""``mal export-model``: the labeller as a file for other runtimes."""

import argparse

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.settings_action import SettingsAction
from mmdet_mal.utils.tool import load_config

SUMMARY = 'Write a trained labeller as an ONNX file or a torch.export program'
EPILOG = """\
examples:
  mal export-model mal_deit-ti_coco-mini epoch_18.pth -o labeller.onnx
  mal export-model mal_deit-ti_coco-mini epoch_18.pth -o labeller.pt2
  mal export-model CONFIG CHECKPOINT -o plain.onnx --cfg-options \\
      model.refine=none model.flip=False

The file takes normalised crops, the areas of their boxes and, with a mean field,
which part of each crop shows the image; any number at once.  It carries what is
needed to make crops and masks (size, expansion, mean, threshold, licence).  It is
compared with the network before it gets its name.  ONNX needs
pip install 'mmdet-mal[onnx]'.  examples/label_with_onnx.py labels with such a
file, without torch.  More: docs/export_model.md
"""

_FORMATS = {'.onnx': 'onnx', '.pt2': 'torch'}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('config', help='config of the labeller, or its name')
    parser.add_argument('checkpoint', nargs='?',
                        help="its weights (default: the config's load_from)")
    parser.add_argument('-o', '--out', required=True, metavar='FILE',
                        help='the file to write: .onnx or .pt2')
    parser.add_argument('--format', choices=sorted(set(_FORMATS.values())),
                        help='default: by the ending of --out')
    parser.add_argument('--cfg-options', nargs='+', action=SettingsAction,
                        metavar='KEY=VALUE',
                        help='override settings, e.g. model.refine=none')


def run(args: argparse.Namespace) -> None:
    """Export, check, and say what was made."""
    file_format = choose_format(args.out, args.format)
    # Before the network is built, which takes a while.
    from mmdet_mal.labelling.files import check_writable
    check_writable(args.out, 'the exported labeller')

    import os

    import mmdet_mal.datasets  # noqa: F401  registers the transforms
    from mmdet_mal.deploy.crop_recipe import CropRecipe
    from mmdet_mal.deploy.export import export_graph, require_onnx
    from mmdet_mal.deploy.labeler_graph import LabelerGraph
    from mmdet_mal.deploy.load import load_labeler
    from mmdet_mal.deploy.metadata import describe_labeler
    from mmdet_mal.labelling.manifest import hash_file

    if file_format == 'onnx':
        require_onnx()
    config = load_config(args.config, args.cfg_options)
    labeler = load_labeler(config, args.checkpoint)
    graph = LabelerGraph(labeler, CropRecipe.of_config(config).crop_size).eval()
    metadata = describe_labeler(
        config, labeler, hash_file(args.checkpoint or config.load_from))
    difference = export_graph(graph, metadata, args.out, file_format,
                              tell=lambda text: print(f'{text} …', flush=True))
    print(f'{args.out}: {os.path.getsize(args.out) / 1e6:.1f} MB, takes '
          f"{', '.join(graph.input_names)}; differs from the network by at most "
          f"{difference:.1g}\n{metadata['licence']}")


def choose_format(out: str, chosen: str | None) -> str:
    """The format of a file.

    Args:
        out (str): Path of the file.
        chosen (str, optional): What ``--format`` says.

    Returns:
        str: ``'onnx'`` or ``'torch'``.

    Raises:
        UserError: If neither the option nor the ending tells.
    """
    ending = next((e for e in _FORMATS if out.lower().endswith(e)), None)
    if chosen is None and ending is None:
        raise UserError(f'{out}: its ending tells no format; call it …'
                        f"{' or …'.join(_FORMATS)}, or add --format")
    return chosen or _FORMATS[ending]
