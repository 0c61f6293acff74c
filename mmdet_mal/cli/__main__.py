"""``python -m mmdet_mal.cli`` is ``mal``."""

from mmdet_mal.cli.main import main

if __name__ == '__main__':
    main()
