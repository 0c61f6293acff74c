"""Best of several masks files; the same as ``mal best-of``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('best-of')


if __name__ == '__main__':
    main()
