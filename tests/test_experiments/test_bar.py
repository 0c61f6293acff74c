from mmdet_mal.experiments.bar import PartsBar


def test_parts_count_by_their_cost(capsys):
    with PartsBar([3., 1.], 'grid') as bar:
        listen = bar.listener('a: train', 0., .5, epochs=2)
        listen('Epoch(train) [2][ 5/10]')  # three quarters of a half of 3
        assert bar._bar.n == 3 * .375
        listen('nothing')
        bar.listener('a: train', 0., .5)  # a resumed step does not go back
        assert bar._bar.n == 3 * .375
        bar.finish_part()
        assert bar._bar.n == 3
        bar.say('a: done')
        bar.finish_part()
    printed = capsys.readouterr().err
    assert 'a: done' in printed and '100%' in printed and 'left' in printed


def test_nothing_to_do_is_no_error():
    with PartsBar([], 'grid') as bar:
        bar.say('all done')
