"""What a data set costs, for people and as JSON."""

from typing import Any

from .data_sets import DataSize
from .predict import (disk_bytes, index_bytes, labelling_cost, process_bytes,
                      training_cost)
from .profile import Profile


def cost_table(profile: Profile, data: DataSize, devices: list[int],
               cores: float, epochs: int | None = None) -> dict[str, Any]:
    """Costs for several numbers of devices.

    Args:
        profile: Of a device and config.
        data: The data set.
        devices: Numbers of devices, each 1 to 64.
        cores: Of each device.
        epochs: By default the profile's.

    Returns:
        ``profile`` and ``data`` as dicts, ``cores``, ``epochs``, ``index_bytes``,
        ``process_bytes``, ``disk_bytes``; ``rows``, a dict a number of devices
        with ``training`` (None without) and ``labelling``.
    """
    from dataclasses import asdict
    rows = []
    for count in devices:
        train = (asdict(training_cost(profile, data, count, cores, epochs))
                 if profile.train_seconds else None)
        rows.append(dict(
            devices=count, training=train,
            labelling=asdict(labelling_cost(profile, data, count, cores))))
    return dict(
        profile=asdict(profile), data=asdict(data), cores=cores,
        epochs=epochs or profile.epochs, index_bytes=index_bytes(data),
        process_bytes=process_bytes(data), disk_bytes=disk_bytes(data), rows=rows)


def table_text(table: dict[str, Any]) -> str:
    """A cost table as Markdown."""
    profile, data = table['profile'], table['data']
    trains = any(row['training'] for row in table['rows'])
    word = 'measured: ' if profile['basis'] == 'measured' else ''
    lines = [
        f"{data['name']}: {data['images']:,} images, {data['boxes']:,} boxes, of "
        f"which {data['trainable']:.0%} are trained on ({data['source']})",
        f"{profile['device']}, config {profile['config']}; {word}"
        f"{profile['note']}",
        (f"training: {table['epochs']} epochs, {profile['train_seconds']:.4g} s a "
         f"box on the device, batch {profile['batch_size']}" if trains
         else 'training: none')
        + f"; labelling: {profile['label_seconds']:.4g} s a box; loader: "
        f"{1e3 * profile['decode_seconds']:.1f} ms a megapixel, "
        f"{1e3 * profile['train_load_seconds']:.1f} ms a trained box, "
        f"{1e3 * profile['label_load_seconds']:.1f} ms a labelled box, of one core",
        '', '| devices | training, h | bound | labelling, h | bound |',
        '| --- | --- | --- | --- | --- |']
    for row in table['rows']:
        train, label = row['training'], row['labelling']
        cells = ([hours_text(train['hours']), train['bound']] if train
                 else ['-', '-'])
        lines.append(f"| {row['devices']} | {' | '.join(cells)} | "
                     f"{hours_text(label['hours'])} | {label['bound']} |")
    first = table['rows'][0]
    needs = [f"{row['cores_needed']:.2g} to {phase}" for phase, row in (
        ('train', first['training']), ('label', first['labelling'])) if row]
    if profile['kind'] == 'cpu':
        beside = max(0, table['cores'] - profile['threads'])
        cores = (f"{table['cores']:g} cores a machine, {profile['threads']} compute "
                 f"and {beside:g} load")
    else:
        cores = f"{table['cores']:g} cores load for each device"
    lines += [
        '', f"Cores: {cores}; for the loader to keep up it takes "
        f"{' and '.join(needs)}.",
        f"Memory of a process: {_size(table['process_bytes'])} beside the network, "
        f"{_size(table['index_bytes'])} of it the index"
        + _memory(profile) + '.',
        'Disk: ' + ', '.join(
            f'{_size(size)} {name}' for name, size in (
                ('boxes', table['disk_bytes']['boxes']),
                ('shards', table['disk_bytes']['shards']),
                ('masks JSON', table['disk_bytes']['masks']))) + '.']
    return '\n'.join(lines)


def hours_text(hours: float) -> str:
    """Hours with two digits that matter: '0.021', '1.5', '23', '1,200'."""
    if hours >= 10:
        return f'{hours:,.0f}'
    return f'{hours:.2g}'


def _memory(profile: dict[str, Any]) -> str:
    parts = [f'{profile[key]:.2g} GiB to {phase}'
             for key, phase in (('train_gib', 'train'), ('label_gib', 'label'))
             if profile[key]]
    if not parts:
        return ''
    where = 'the whole process' if profile['kind'] == 'cpu' else 'the GPU'
    return f"; {where}: {' and '.join(parts)}"


def _size(size: float) -> str:
    """Bytes for people."""
    units = ['B', 'kB', 'MB', 'GB', 'TB']
    while size >= 1000 and len(units) > 1:
        size /= 1000
        units.pop(0)
    return f'{size:.3g} {units[0]}'
