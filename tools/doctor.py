"""Check boxes and images: ``python tools/doctor.py boxes.json --images DIR``."""

from mmdet_mal.cli.main import run_verb


def main() -> None:
    run_verb('doctor')


if __name__ == '__main__':
    main()
