"""``mal auto`` with the tiny presets of the tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from auto_data import use_tiny_presets

if __name__ == '__main__':
    use_tiny_presets()
    # The training takes seconds: let it be cut off behind a checkpoint.
    from mmdet_mal.auto import schedule
    schedule.CHECKPOINT_SECONDS = .1
    from mmdet_mal.cli.main import run_verb
    run_verb('auto', sys.argv[1:], 'mal auto')
