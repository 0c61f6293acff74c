"""Label boxes: ``python tools/label.py CONFIG [CHECKPOINT] --ann … --images …``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('label')


if __name__ == '__main__':
    main()
