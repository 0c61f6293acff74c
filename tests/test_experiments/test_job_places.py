import pytest

from mmdet_mal.experiments.job_places import choose_jobs, job_places, visible_gpus
from mmdet_mal.utils.errors import UserError


@pytest.mark.parametrize('chosen, count, gpus', [
    pytest.param(None, 3, ('0', '1', '2'), id='all'),
    pytest.param(None, 0, (), id='none'),
    pytest.param('2,0', 2, ('2', '0'), id='indices'),
    pytest.param('GPU-7f, MIG-3', 2, ('GPU-7f', 'MIG-3'), id='UUIDs'),
    pytest.param('1,9,0', 1, ('1', ), id='CUDA stops at an unknown one'),
    pytest.param('', 0, (), id='hidden'),
    pytest.param('-1', 0, (), id='hidden by a number'),
])
def test_visible_gpus(chosen, count, gpus):
    environment = {} if chosen is None else dict(CUDA_VISIBLE_DEVICES=chosen)
    assert visible_gpus(environment, count) == gpus


@pytest.mark.parametrize('text, gpus, jobs', [
    ('1', '', 1), ('4', '', 4), ('12', '01', 12), ('auto', '', 1), ('auto', '012', 3)])
def test_choose_jobs(text, gpus, jobs):
    assert choose_jobs(text, tuple(gpus)) == jobs


@pytest.mark.parametrize('text', ['0', '-1', '1.5', 'all', '', '²', '٣'])
def test_other_numbers_are_refused(text):
    with pytest.raises(UserError, match='--jobs .*: expected a number'):
        choose_jobs(text, ())


def test_gpus_and_cores_are_dealt_in_turn():
    places = job_places(3, ('4', 'GPU-7f'), {}, cores=8)
    assert [dict(place.environment) for place in places] == [
        dict(CUDA_VISIBLE_DEVICES=gpu, OMP_NUM_THREADS='2', LOCAL_WORLD_SIZE='3')
        for gpu in ('4', 'GPU-7f', '4')]
    assert str(places[1]) == 'GPU GPU-7f, 2 threads'


@pytest.mark.parametrize('name', ['OMP_NUM_THREADS', 'MKL_NUM_THREADS'])
def test_threads_that_a_person_has_set_stay(name):
    first, _ = job_places(2, (), {name: '5'}, cores=8)
    assert dict(first.environment) == dict(LOCAL_WORLD_SIZE='2')
    assert str(first) == f'CPU, {name}=5'


def test_more_jobs_than_cores_get_a_thread_each():
    assert {place.environment['OMP_NUM_THREADS']
            for place in job_places(5, (), {}, cores=2)} == {'1'}


def test_one_job_has_the_environment_as_it_is():
    place, = job_places(1, ('0', '1'), {}, cores=8)
    assert not place.environment
