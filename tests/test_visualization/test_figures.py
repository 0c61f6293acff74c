import os
import signal

import cv2
import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.figures import new_figure, plain, png_bytes, write_figure


def drawn():
    figure = new_figure(3, 2)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    return figure


def test_a_figure_is_written_whole(tmp_path):
    path = tmp_path / 'new' / 'plot.png'
    write_figure(drawn(), path)
    img = cv2.imread(str(path))
    assert img.shape == (220, 330, 3) and (img < 128).any()
    assert path.read_bytes() == png_bytes(drawn())
    assert [file.name for file in path.parent.iterdir()] == ['plot.png']


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(UserError, match='plot.jpg: the picture is a PNG'):
        write_figure(drawn(), tmp_path / 'plot.jpg')
    assert not any(tmp_path.iterdir())


def test_a_signal_waits_until_the_figure_is_drawn(tmp_path):
    # Raised within matplotlib's renderer it would become a ValueError.
    figure = drawn()
    line, finished = figure.axes[0].lines[0], []
    draw = line.draw

    def interrupted(renderer):
        os.kill(os.getpid(), signal.SIGINT)
        draw(renderer)
        finished.append(True)

    line.draw = interrupted
    with pytest.raises(KeyboardInterrupt):
        write_figure(figure, tmp_path / 'plot.png')
    assert finished and not any(tmp_path.iterdir())


def test_names_are_no_formulas():
    assert plain('a$b$') == r'a\$b\$'
