"""Steps of a cell without any work: what is tested is who starts and ends them.

As tools/train.py, tools/label.py and the scoring in one.  QUICK_STEPS, JSON, says
by cell what its training does: ``"sleep"``, ``"fail"``, ``"die"``, or the name of
another cell whose result it waits for.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

_VARIABLES = ('CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS', 'LOCAL_WORLD_SIZE')
_LONGEST_SECONDS = 120


def train(work_dir: Path) -> None:
    folder = work_dir.parent
    (folder / 'environment.json').write_text(json.dumps(
        {name: os.environ.get(name) for name in _VARIABLES}))
    (folder / 'begun').write_text(str(time.time_ns()))
    (folder / 'pid').write_text(str(os.getpid()))
    print('Epoch(train) [1][1/4]')
    task = json.loads(os.environ.get('QUICK_STEPS', '{}')).get(folder.name)
    end = time.monotonic() + _LONGEST_SECONDS
    if task == 'fail':
        sys.exit('train.py: error: no such weights')
    elif task == 'die':
        os.kill(os.getpid(), signal.SIGKILL)
    elif task == 'sleep':
        time.sleep(_LONGEST_SECONDS)
    elif task:
        while not (folder.parent / task / 'result.json').exists():
            assert time.monotonic() < end
            time.sleep(.02)
    work_dir.mkdir()
    (work_dir / 'last_checkpoint').write_text('epoch_1.pth')


def label(out: Path) -> None:
    out.write_text('{}')


def score(folder: Path) -> None:
    import numpy as np
    np.savez(folder / 'ious.npz', ann_ids=np.arange(3), image_ids=np.arange(3),
             box_areas=np.full(3, 400.), ious=np.linspace(.2, .8, 3))
    (folder / 'scores.json').write_text(json.dumps(dict(
        missing=0, sizes=dict(all=dict(miou=.5, n=3)))))


if __name__ == '__main__':
    if '--work-dir' in sys.argv:
        train(Path(sys.argv[sys.argv.index('--work-dir') + 1]))
    elif '--out' in sys.argv:
        label(Path(sys.argv[sys.argv.index('--out') + 1]))
    else:
        score(Path(sys.argv[1]))
