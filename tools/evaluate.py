"""Score masks: ``python tools/evaluate.py masks.json human.json``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('evaluate')


if __name__ == '__main__':
    main()
