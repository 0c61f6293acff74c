"""``mal export`` by its old name; ``mal export --help`` says more."""

from mmdet_mal.cli.main import run_verb

if __name__ == '__main__':
    run_verb('export')
