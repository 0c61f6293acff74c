"""The command behind ``mal cost`` and ``tools/analysis/cost.py``."""

import argparse
import json
import os

from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.errors import UserError

from .data_sets import NAMED, data_size
from .predict import MOST_DEVICES
from .profile import Profile, shipped_profiles
from .table import cost_table, table_text

_ESTIMATED_CONFIG = 'mal_vit-mae-b_coco'
_GPU_CORES = 8


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        'dataset', nargs='?',
        help=f'COCO file of boxes, or one of {", ".join(NAMED)}')
    parser.add_argument(
        '--device', metavar='NAME',
        help='a measured profile by name (--list), or a GPU such as h100, for '
        'which an estimate is made (default: the profile of --config)')
    parser.add_argument('--profile', metavar='FILE',
                        help='a profile that --measure has written')
    parser.add_argument(
        '--config', help='config of the labeller, or name of a shipped one '
        f'(default: the profile\'s; for an estimate {_ESTIMATED_CONFIG})')
    parser.add_argument(
        '--gpus', type=_counts, default=_counts('1,2,4,8,16,32,64'),
        metavar='N,N,…', help='numbers of devices, GPUs or machines, each 1 to '
        f'{MOST_DEVICES} (default: 1,2,4,8,16,32,64)')
    parser.add_argument(
        '--cores', type=float, metavar='N',
        help='cores of each device: of a CPU all, of a GPU those that load '
        f'(default: 2 on a CPU, {_GPU_CORES} beside a GPU)')
    parser.add_argument('--epochs', type=int, metavar='N',
                        help="of training (default: the config's)")
    parser.add_argument('--megapixels', type=float, metavar='N',
                        help='of an image, in place of the mean known or assumed')
    parser.add_argument('--json', metavar='OUT.json', help='write all figures')
    parser.add_argument(
        '--measure', metavar='PROFILE.json',
        help='measure this device with --config on its own data, or on --ann and '
        '--images, and write a profile (half a minute to some minutes)')
    parser.add_argument('--ann', metavar='BOXES.json', help='with --measure')
    parser.add_argument('--images', metavar='PLACE', help='with --measure')
    parser.add_argument('--steps', type=int, default=6,
                        help='training steps that --measure times (%(default)s)')
    parser.add_argument('--list', action='store_true',
                        help='list data sets, measured profiles and known GPUs')


def run(args: argparse.Namespace) -> None:
    """Print a table; measure before, if asked to."""
    if args.list:
        print(_list())
        return
    for name in ('epochs', 'cores', 'megapixels', 'steps'):
        value = getattr(args, name)
        if value is not None and not 0 < value < float('inf'):
            raise UserError(f'--{name} {value}: must be above 0')
    if bool(args.ann) != bool(args.images):
        raise UserError('--ann and --images belong together; give both')
    if args.measure:
        profile = _measure(args)
    elif args.dataset is None:
        raise UserError('name a data set or a file of boxes; --list shows those '
                        'that are known')
    else:
        profile = _choose_profile(args)
    if args.dataset is None:
        return  # measured, and nothing else was asked for
    data = data_size(args.dataset)
    if args.megapixels is not None:
        from dataclasses import replace
        data = replace(data, megapixels=args.megapixels)
    cores = args.cores or (2 if profile.kind == 'cpu' else _GPU_CORES)
    table = cost_table(profile, data, args.gpus, cores, args.epochs)
    print(table_text(table))
    if args.json:
        try:
            with write_then_rename(args.json) as file:
                json.dump(table, file, indent=2)
                file.write('\n')
        except OSError as error:
            raise UserError(f'{args.json}: cannot be written ({error.strerror}); '
                            'choose another --json') from None


def _choose_profile(args: argparse.Namespace) -> Profile:
    """A profile from a file, a shipped one, or an estimate."""
    if args.profile:
        if args.device:
            raise UserError('--profile and --device name two devices; keep one')
        return Profile.load(args.profile)
    shipped = shipped_profiles()
    config = args.config and os.path.basename(args.config).removesuffix('.py')
    if args.device is None or args.device in shipped:
        if args.device is not None:
            return shipped[args.device]
        fitting = [p for p in shipped.values() if p.config == config or not config]
        if fitting:
            return fitting[0]
        raise UserError(
            f'--config {config}: was not measured on any device; measure it here '
            'with --measure PROFILE.json, or name a GPU with --device for an '
            'estimate')
    from mmdet_mal.utils.tool import load_config

    from .gpu_estimate import estimate_profile, find_gpu
    gpu = find_gpu(args.device)
    loaded = load_config(args.config or _ESTIMATED_CONFIG)
    epochs = (loaded.train_cfg.max_epochs if loaded.get('train_dataloader') else 1)
    return estimate_profile(gpu, loaded, config or _ESTIMATED_CONFIG, epochs)


def _measure(args: argparse.Namespace) -> Profile:
    """Measure, say what came out, and write it."""
    if not args.config:
        raise UserError('--measure: needs --config')
    from mmdet_mal.labelling.files import check_writable
    from mmdet_mal.utils.tool import load_config

    from .measure import measure_profile
    check_writable(args.measure, 'the profile')
    config = load_config(args.config)
    if args.ann:
        _point_at(config, args.ann, args.images)
    name = os.path.basename(args.config).removesuffix('.py')
    profile = measure_profile(config, name, args.steps)
    profile.save(args.measure)
    print(f'{args.measure}: {profile.device}, {profile.config}: training '
          f'{profile.train_seconds:.4g} s a box, labelling '
          f'{profile.label_seconds:.4g}, of the device; of a core: decoding '
          f'{profile.decode_seconds:.4g} s a megapixel, '
          f'{profile.train_load_seconds:.4g} s a trained and '
          f'{profile.label_load_seconds:.4g} s a labelled box')
    return profile


def _point_at(config, ann: str, images: str) -> None:
    """Have a config read a person's boxes."""
    from mmdet_mal.datasets.image_source import image_source
    if not os.path.isfile(ann):
        raise UserError(f'{ann}: no such file of boxes; correct --ann')
    prefix, backend_args = image_source(images)
    place = dict(data_root='', ann_file=ann, data_prefix=dict(img=prefix),
                 backend_args=backend_args)
    config.test_dataloader.dataset.update(place)
    if config.get('train_dataloader'):
        config.train_dataloader.dataset.update(
            place, known_faults=(), faults='skip')


def _list() -> str:
    """What may be named."""
    from .gpu_estimate import GPUS
    sets = ''.join(f'  {size.name}: {size.images:,} images, {size.boxes:,} boxes; '
                   f'{size.source}\n' for size in NAMED.values())
    profiles = ''.join(f'  {name}: {p.device}, {p.config} ({p.note})\n'
                       for name, p in shipped_profiles().items())
    return (f'data sets:\n{sets}\nmeasured profiles (--device):\n{profiles}\n'
            'GPUs, not measured, an estimate is made (--device):\n  '
            + ', '.join(GPUS))


def _counts(text: str) -> list[int]:
    """Numbers of devices: ``'1,8'``."""
    try:
        counts = [int(part) for part in text.split(',')]
    except ValueError:
        counts = [0]
    if not all(1 <= count <= MOST_DEVICES for count in counts):
        raise argparse.ArgumentTypeError(
            f'{text!r}: expected numbers from 1 to {MOST_DEVICES}, such as 1,8,64')
    return counts
