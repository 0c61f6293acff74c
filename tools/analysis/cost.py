"""What a data set costs: ``python tools/analysis/cost.py DATASET``; ``mal cost``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('cost')


if __name__ == '__main__':
    main()
