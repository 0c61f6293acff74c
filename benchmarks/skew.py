"""How evenly a label run spreads: stragglers, skew and a death, simulated.

    python benchmarks/skew.py --out skew.json          # less than a minute

Compares, for 1 to 64 ranks, four ways to divide COCO's boxes:

* images: each rank an equal number of consecutive images;
* boxes: consecutive chunks, balanced by boxes (``tools/dist_label.sh``);
* shards: the same split once and for all (``--shard i/n``);
* ray: chunks handed out as workers become free (``tools/label_ray.py``), with
  the queue that the tool itself uses.

The counts are drawn, they are not COCO's own.  What is taken from COCO 2017
train: 118,287 images, of which 1,021 have no annotation, 860,001 boxes, and at
most 93 of them in an image.  The images with boxes follow a geometric
distribution of COCO's mean (7.33), cut at 93, and single boxes are then added
or removed at random images until the total is exact.  That gives a median of 5
and a 99th percentile of 32; for COCO 2014 train, 4 and 33 are published.

The cost of a chunk is ``decode`` times its images plus ``box`` times its
boxes; the defaults are what benchmarks/chunk_cost.py measured for the coco_mini
config on one CPU core.  Images come in random order, as in COCO, and sorted by
their number of boxes, the worst that a folder of scenes can be.
"""

import argparse
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmdet_mal.datasets.label_chunks import cut_chunks
from mmdet_mal.datasets.samplers.chunk_sampler import split_chunks
from mmdet_mal.labelling.on_ray.chunk_queue import ChunkQueue

IMAGES, EMPTY_IMAGES, BOXES, MOST_BOXES = 118_287, 1_021, 860_001, 93
RANKS = (1, 2, 4, 8, 16, 64)
STRATEGIES = ('images', 'boxes', 'shards', 'ray')
SCENARIOS = ('even', 'slow', 'death')


@dataclass(frozen=True)
class Work:
    """Chunks with their costs.

    Attributes:
        boxes: of each chunk, shape (chunks,).
        first_image: position of the image of its first box, shape (chunks,).
        seconds: to label it at full speed, shape (chunks,).
        images: number of images.
    """

    boxes: np.ndarray
    first_image: np.ndarray
    seconds: np.ndarray
    images: int

    def split(self, strategy: str, ranks: int,
              left: np.ndarray) -> list[np.ndarray]:
        """Divide the chunks that are left among ranks, as the tools do."""
        if strategy == 'images':
            images = np.unique(self.first_image[left])
            place = np.searchsorted(images, self.first_image[left])
            rank = place * ranks // max(len(images), 1)
            return [left[rank == r] for r in range(ranks)]
        return [left[first:last]
                for first, last in split_chunks(self.boxes[left], ranks)]


@dataclass(frozen=True)
class Result:
    """How a simulated run went.

    Attributes:
        ratio: duration over the ideal one (the work over the sum of speeds).
        idle: share of the ranks' time without work.
    """

    ratio: float
    idle: float


def draw_counts(rng: np.random.Generator, images: int = IMAGES,
                empty: int = EMPTY_IMAGES, boxes: int = BOXES,
                most: int = MOST_BOXES) -> np.ndarray:
    """Draw box counts; the module says how.

    Returns:
        Boxes of each image, shape (images,), in random order, of the exact sum.
    """
    counts = np.zeros(images, dtype=np.int64)
    filled = images - empty
    counts[:filled] = rng.geometric(filled / boxes, filled).clip(max=most)
    while (excess := int(counts.sum()) - boxes) != 0:
        step = -np.sign(excess)
        moved = counts[:filled] + step
        free = np.flatnonzero((moved >= 1) & (moved <= most))
        counts[rng.choice(free, min(abs(excess), len(free)), False)] += step
    rng.shuffle(counts)
    return counts


def cut_work(counts: np.ndarray, limit: int, decode: float, box: float) -> Work:
    """Cut images into chunks and price them.

    Args:
        counts: boxes of each image.
        limit: largest number of boxes in a chunk.
        decode: seconds to decode an image; an image that is cut into several
            chunks is paid for in each, as if they went to different ranks.
        box: seconds a box.
    """
    chunks = np.asarray(cut_chunks(counts.tolist(), limit))
    image_of = np.repeat(np.arange(len(counts)), counts)
    # How many images with boxes come before a box, itself included.
    seen = np.cumsum(np.diff(image_of, prepend=-1) > 0)
    first, last = chunks[:, 0], chunks[:, 1]
    images = seen[last - 1] - seen[first] + 1
    boxes = last - first
    return Work(boxes, image_of[first], decode * images + box * boxes, len(counts))


def simulate(work: Work, strategy: str, ranks: int, scenario: str,
             restart: float) -> Result:
    """Run one simulation.

    Args:
        work: to do.
        strategy: one of ``STRATEGIES``.
        ranks: number of them.
        scenario: ``'even'``; ``'slow'``: rank 0 runs at half speed; ``'death'``:
            rank 0 is killed at half of the ideal time and started again.
        restart: seconds until a killed rank works again.
    """
    speeds = np.ones(ranks)
    if scenario == 'slow':
        speeds[0] = .5
    ideal = work.seconds.sum() / speeds.sum()
    death = ideal / 2 if scenario == 'death' else None
    if strategy == 'ray':
        end, busy = _simulate_queue(work.seconds, speeds, death, restart)
    else:
        end, busy = _simulate_split(work, strategy, speeds, death, restart)
    # Sums in another order may differ in the last bits.
    return Result(end / ideal, max(0., 1 - busy / (ranks * end)))


def _simulate_split(work: Work, strategy: str, speeds: np.ndarray,
                    death: float | None, restart: float) -> tuple[float, float]:
    """Every rank has its share from the start; returns (end, busy seconds)."""
    ranks = len(speeds)
    parts = work.split(strategy, ranks, np.arange(len(work.seconds)))
    ends = [np.cumsum(work.seconds[part]) / speed
            for part, speed in zip(parts, speeds, strict=True)]
    durations = np.array([end[-1] if len(end) else 0. for end in ends])
    if death is None:
        return float(durations.max()), float(durations.sum())
    done = int(np.searchsorted(ends[0], death, side='right'))
    kept = ends[0][done - 1] if done else 0.
    lost = death - kept  # the chunk in work
    if strategy == 'shards':  # the others know nothing of it
        durations[0] += lost
        return (float(max(durations[0] + restart, durations.max())),
                float(durations.sum()))
    # The launcher ends all ranks, which finish the chunk in work; what is left
    # is divided anew.
    left = [parts[0][done:]]
    busy, stopped = death, death
    for part, end in zip(parts[1:], ends[1:], strict=True):
        finished = min(int(np.searchsorted(end, death, side='left')) + 1, len(end))
        last = end[finished - 1] if finished else 0.
        busy, stopped = busy + last, max(stopped, last)
        left.append(part[finished:])
    again = [work.seconds[part].sum()
             for part in work.split(strategy, ranks, np.sort(np.concatenate(left)))]
    return float(stopped + restart + max(again)), float(busy + sum(again))


def _simulate_queue(seconds: np.ndarray, speeds: Sequence[float],
                    death: float | None, restart: float) -> tuple[float, float]:
    """Workers take chunks from the tool's own queue; (end, busy seconds)."""
    queue = ChunkQueue(range(len(seconds)))
    speed_of = dict(enumerate(speeds))
    held: dict[int, list[int]] = {}
    running: dict[int, tuple[float, float]] = {}  # begin and end by worker
    events: list[tuple[float, int, str]] = [(0., w, 'ready') for w in speed_of]
    if death is not None:
        events.append((death, 0, 'die'))
    heapq.heapify(events)
    busy = now = 0.
    while not queue.finished:
        now, worker, what = heapq.heappop(events)
        if what == 'ready':
            queue.add_worker(worker)
            held[worker] = []
        elif what == 'die':
            queue.lose(worker, 'killed')
            held.pop(worker)
            if worker in running:
                busy += now - running.pop(worker)[0]
            replacement = len(speed_of)
            speed_of[replacement] = speed_of[worker]
            heapq.heappush(events, (now + restart, replacement, 'ready'))
        elif worker in running:  # and not killed meanwhile
            begin, _ = running.pop(worker)
            busy += now - begin
            queue.finish(worker, held[worker].pop(0))
        idle = [w for w in held if w not in running and w != worker]
        for w in [worker, *idle] if worker in held else idle:
            while (chunk := queue.take(w)) is not None:
                held[w].append(chunk)
            if held[w] and w not in running:
                end = now + seconds[held[w][0]] / speed_of[w]
                running[w] = now, end
                heapq.heappush(events, (end, w, 'done'))
    busy += sum(now - begin for begin, _ in running.values())
    return now, busy


def run_all(counts: np.ndarray, args: argparse.Namespace) -> list[dict]:
    """Simulate everything; one row a combination."""
    rows = []
    for order in ('shuffled', 'sorted'):
        ordered = counts if order == 'shuffled' else np.sort(counts)
        work = cut_work(ordered, args.chunk_boxes, args.decode, args.box)
        for scenario in SCENARIOS:
            for ranks in args.ranks:
                for strategy in STRATEGIES:
                    result = simulate(work, strategy, ranks, scenario, args.restart)
                    rows.append(dict(
                        order=order, scenario=scenario, ranks=ranks,
                        strategy=strategy, ratio=round(result.ratio, 4),
                        idle=round(result.idle, 4)))
    return rows


def to_markdown(rows: list[dict]) -> str:
    """One table an order and scenario: duration over ideal (idle share)."""
    lines = []
    cells = {(r['order'], r['scenario'], r['ranks'], r['strategy']):
             f"{r['ratio']:.3f} ({r['idle']:.1%})" for r in rows}
    for order, scenario in dict.fromkeys((r['order'], r['scenario']) for r in rows):
        lines += ['', f'{order}, {scenario}', '',
                  f"| ranks | {' | '.join(STRATEGIES)} |",
                  '| ---' * (len(STRATEGIES) + 1) + ' |']
        for ranks in dict.fromkeys(r['ranks'] for r in rows):
            row = [cells[order, scenario, ranks, s] for s in STRATEGIES]
            lines.append(f"| {ranks} | {' | '.join(row)} |")
    return '\n'.join(lines[1:])


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', metavar='JSON', help='write all figures there')
    parser.add_argument('--ranks', nargs='+', type=int, default=RANKS)
    parser.add_argument('--chunk-boxes', type=int, default=16)
    parser.add_argument('--decode', type=float, default=.0024,
                        help='seconds an image (default: %(default)s)')
    parser.add_argument('--box', type=float, default=.079,
                        help='seconds a box (default: %(default)s)')
    parser.add_argument('--restart', type=float, default=60.,
                        help='seconds until a killed rank works again '
                        '(default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    counts = draw_counts(np.random.default_rng(args.seed))
    rows = run_all(counts, args)
    drawn = dict(images=len(counts), boxes=int(counts.sum()),
                 median=float(np.median(counts[counts > 0])),
                 percentile_99=float(np.percentile(counts[counts > 0], 99)),
                 most=int(counts.max()))
    print(f'Drawn: {drawn}\n\n{to_markdown(rows)}')
    if args.out:
        with open(args.out, 'w', encoding='utf-8') as file:
            json.dump(dict(options=vars(args), drawn=drawn, rows=rows), file,
                      indent=1)


if __name__ == '__main__':
    main()
