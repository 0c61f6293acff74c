"""Train the labeller: ``python tools/train.py CONFIG``; the same as ``mal train``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('train')


if __name__ == '__main__':
    main()
