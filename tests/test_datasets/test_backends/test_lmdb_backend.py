"""Images out of LMDB, through the real package."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mmdet_mal.datasets.backends import LmdbImageBackend
from mmdet_mal.datasets.image_access import ImageSourceError, open_source
from mmdet_mal.utils.errors import UserError

lmdb = pytest.importorskip('lmdb')


@pytest.fixture
def database(tmp_path):
    path = tmp_path / 'photos.lmdb'
    with (lmdb.open(str(path), map_size=1 << 24) as environment,
          environment.begin(write=True) as transaction):
        for i in range(50):
            transaction.put(f'train/ü{i}.jpg'.encode(), bytes([i]) * 3000)
    return str(path)


def test_values_are_found_by_file_name(database):
    backend = LmdbImageBackend(database)
    assert backend.get('train/ü7.jpg') == b'\x07' * 3000
    assert backend.exists('train/ü7.jpg') and not backend.exists('train/ü')
    with pytest.raises(FileNotFoundError, match='ü99.jpg is no key of'):
        backend.get('train/ü99.jpg')


def test_two_backends_and_many_threads_open_a_database_once(database):
    backends = [LmdbImageBackend(database), LmdbImageBackend(database)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(
            lambda i: backends[i % 2].get(f'train/ü{i % 50}.jpg')[0], range(400)))
    assert read == [i % 50 for i in range(400)]


def _read(backend, queue):
    queue.put(all(backend.get(f'train/ü{i}.jpg') == bytes([i]) * 3000
                  for i in range(50)))


def test_a_fork_goes_on_reading(database):
    backend = LmdbImageBackend(database)
    backend.get('train/ü0.jpg')
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    workers = [context.Process(target=_read, args=(backend, queue))
               for _ in range(3)]
    for worker in workers:
        worker.start()
    assert all(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()


def test_no_database_is_one_line(tmp_path):
    with pytest.raises(UserError, match='cannot be opened as LMDB') as error:
        LmdbImageBackend(str(tmp_path / 'none.lmdb')).exists('1')
    assert '\n' not in str(error.value)


def test_a_missing_package_is_named_with_its_extra(database, monkeypatch):
    monkeypatch.setitem(sys.modules, 'lmdb', None)
    with pytest.raises(ImageSourceError, match=r'mmdet-mal\[lmdb\]'):
        open_source('', dict(backend='mal_lmdb', db_path=database, map_size=1))
