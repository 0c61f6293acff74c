"""Join a Ray cluster, or start one of this machine alone, and leave it."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from types import ModuleType

from mmdet_mal.utils.errors import UserError

LOCAL = 'local'

_MIB = 1 << 20
# Chunks' records are a few KiB and go through no store; the task goes once.
_SPARE_STORE = 256 * _MIB


def import_ray() -> ModuleType:
    """Import Ray, which is an optional extra.

    Raises:
        UserError: if it is not installed.
    """
    try:
        import ray
    except ImportError:
        raise UserError('labelling on a Ray cluster needs the package ray; '
                        'pip install mmdet-mal[ray]') from None
    return ray


@contextlib.contextmanager
def joined_cluster(address: str, cpus: int = 1,
                   payload_bytes: int = 0) -> Iterator[ModuleType]:
    """Be a driver of a Ray cluster within the block.

    Args:
        address: ``'auto'`` for the cluster that this machine belongs to,
            ``host:port`` or ``ray://host:port`` for another, ``'local'`` for
            one that is started on this machine and ends with the block.
        cpus: that a local cluster must offer at least; it offers at least as
            many as the machine has.
        payload_bytes: of what will lie in a local cluster's object store.

    Yields:
        The ray module, connected.

    Raises:
        UserError: if Ray is not installed or the cluster cannot be reached.
    """
    # Before the import: Ray reads it once.  What people label is theirs.
    os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')
    ray = import_ray()
    # Workers' logs stay in Ray's files: what matters comes back as results.
    options = dict(log_to_driver=False, logging_level='warning')
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            # A folder of its own, which is gone afterwards; short, since the
            # path of a Unix socket ends at 107 bytes and Ray needs 65 of them.
            folder = tempfile.mkdtemp(prefix='ray')
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            # Only this process may use its cluster.  Ray by itself makes a
            # token too, but leaves it in the home folder.
            os.environ.setdefault('RAY_AUTH_TOKEN', secrets.token_hex(32))
            options.update(
                num_cpus=max(cpus, os.cpu_count() or 1),
                include_dashboard=False,
                object_store_memory=_SPARE_STORE + 2 * payload_bytes,
                _temp_dir=folder)
        try:
            ray.init(address=address, **options)
        except (ConnectionError, ValueError, RuntimeError,
                ray.exceptions.RayError) as error:
            raise UserError(
                f'--address {address}: no Ray cluster can be joined there '
                f"({' '.join(str(error).split())}); start one with `ray start "
                '--head`, correct the address, or use --address local'
            ) from error
        stack.callback(ray.shutdown)
        yield ray
