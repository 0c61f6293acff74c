"""How many chunks a second one driver hands out and takes back on Ray.

    python benchmarks/ray_dispatch.py

Two actors of this machine answer at once with records of 16 boxes, so the
figure is the driver's limit (without writing the shard).
"""

import argparse
import json
import time

import mmdet_mal
from mmdet_mal.labelling.on_ray.chunk_queue import ChunkQueue
from mmdet_mal.labelling.on_ray.cluster import joined_cluster
from mmdet_mal.labelling.on_ray.pool import ActorOptions, RayPool
from mmdet_mal.utils.tool import run_tool

_WARM_UP = 500


class Echo:
    """An actor that has its answer ready."""

    def start(self, task):
        self._records = task['records']
        return dict(node='', pid=0, device='none', version=task['version'])

    def label(self, chunk):
        return self._records


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--chunks', type=int, default=6000)
    args = parser.parse_args()
    record = dict(id=1, segmentation=dict(size=[480, 640], counts='a' * 200),
                  area=1, score=.5, mal=dict(mask_score=.5, box_fill=.5))
    task = dict(version=mmdet_mal.__version__, records=[record] * 16)
    with joined_cluster('local', cpus=2) as ray:
        pool = RayPool(ray, task, ChunkQueue(range(_WARM_UP + args.chunks)),
                       ActorOptions(2, 0., 1.), Echo)
        results = pool.results()
        for _ in range(_WARM_UP):
            next(results)
        begin, cpu = time.perf_counter(), time.process_time()
        count = sum(1 for _ in results)
        seconds = time.perf_counter() - begin
        cpu = time.process_time() - cpu
        pool.close()
    print(json.dumps(dict(chunks=count, chunks_per_second=round(count / seconds),
                          driver_cpu_ms=round(1000 * cpu / count, 3))))


if __name__ == '__main__':
    run_tool(main)
