"""The whole chain on drawn pictures: ``make demo``, ``python tools/demo.py``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('demo')


if __name__ == '__main__':
    main()
