"""Images from every file backend, through the data sets that use them.

petrel_client is not on PyPI: a module of that name that keeps bytes in memory
stands in for the storage and its client.  HTTP is a real server on this
machine; LMDB, ZIP and tar are real.
"""

import functools
import http.server
import json
import os
import sys
import tarfile
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader

from mmdet_mal.datasets import (AnnotationError, BoxInstanceDataset,
                                LabelChunkDataset, image_access)
from mmdet_mal.datasets.image_access import (ImageSourceError, missing_images,
                                             open_source, read_bytes)
from mmdet_mal.datasets.image_cache import ImageCache
from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.datasets.images import look_at_image, read_image
from mmdet_mal.datasets.transforms import LoadBoxImage
from mmdet_mal.utils.errors import UserError

PETREL = '''
class Client:
    stored = {}
    def __init__(self, conf_path=None, enable_mc=True): pass
    def Get(self, path): return self.stored.get(path)
    def contains(self, path): return path in self.stored
    def isdir(self, path): return False
'''


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; counts, and fails as often as it is told to."""
    failures = 0
    requests = []

    def do_GET(self):
        self.requests.append(self.path)
        if Handler.failures > 0:
            Handler.failures -= 1
            self.send_error(503)
        else:
            super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def server(folder):
    handler = functools.partial(Handler, directory=folder.root / 'images')
    Handler.failures, Handler.requests[:] = 0, []
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(.01, ))
        thread.start()
        yield f'http://127.0.0.1:{server.server_port}'
        server.shutdown()
        thread.join()


@pytest.fixture
def petrel(tmp_path, monkeypatch):
    package = tmp_path / 'site' / 'petrel_client'
    package.mkdir(parents=True)
    (package / '__init__.py').write_text('')
    (package / 'client.py').write_text(PETREL)
    monkeypatch.syspath_prepend(tmp_path / 'site')
    monkeypatch.setattr(image_access, '_backends', {})
    from petrel_client.client import Client
    Client.stored.clear()
    yield Client.stored
    for name in ('petrel_client', 'petrel_client.client'):
        sys.modules.pop(name, None)


@pytest.fixture(params=['zip', 'tar', 'lmdb', 'plain_lmdb', 'http', 's3'])
def source(request, folder, data, annotation, tmp_path):
    """What ``image_source`` says of three images packed one way or another,
    and the arguments of the data set."""
    arguments = folder.write(data([annotation(i, image_id=i) for i in (1, 2, 3)]))
    files = {p.name: p for p in sorted((folder.root / 'images').iterdir())}
    kind, path = request.param, tmp_path / f'photos.{request.param}'
    if kind == 'zip':
        with zipfile.ZipFile(path, 'w') as archive:
            for name, file in files.items():
                archive.write(file, f'inside/{name}')
        return image_source(f'{path}/inside'), arguments
    if kind == 'tar':
        with tarfile.open(path, 'w') as archive:
            for name, file in files.items():
                archive.add(file, name)
        return image_source(str(path)), arguments
    if kind == 'http':
        return image_source(request.getfixturevalue('server')), arguments
    if kind == 's3':
        stored = request.getfixturevalue('petrel')
        stored.update((f's3://bucket/{name}', file.read_bytes())
                      for name, file in files.items())
        return image_source('s3://bucket'), arguments
    lmdb = pytest.importorskip('lmdb')
    path = tmp_path / 'photos.lmdb'
    with (lmdb.open(str(path), map_size=1 << 24) as environment,
          environment.begin(write=True) as transaction):
        for name, file in files.items():
            transaction.put(name.encode(), file.read_bytes())
    if kind == 'plain_lmdb':  # mmengine's own backend
        return ('', dict(backend='lmdb', db_path=str(path))), arguments
    return image_source(str(path)), arguments


def paths_in(prefix, *names):
    return [f'{prefix}/{name}' if prefix else name for name in names]


def test_pixels_are_those_of_the_folder(source, folder):
    (prefix, args), _ = source
    [path] = paths_in(prefix, '2.png')
    img = read_image(path, 'x', backend_args=args)
    assert np.array_equal(img, read_image(str(folder.image('2.png')), 'x'))
    cache = ImageCache([path], [(120, 160)], args)
    assert np.array_equal(cache[0], img)
    loaded = LoadBoxImage(backend_args=args).transform(
        dict(img_path=path, height=120, width=160))
    assert np.array_equal(loaded['img'], img)


def test_missing_images_are_found_before_anything_runs(source):
    (prefix, args), _ = source
    paths = paths_in(prefix, '1.png', '8.png', '3.png', 'inside/9.png')
    assert missing_images(paths, args) == [1, 3]


def test_reading_a_missing_image_names_it(source):
    (prefix, args), _ = source
    [path] = paths_in(prefix, '8.png')
    with pytest.raises(AnnotationError) as error:
        read_image(path, 'annotation 5', backend_args=args)
    text = str(error.value)
    assert text.startswith(f'{path}: image not found')
    assert 'annotation 5' in text and '\n' not in text
    assert args is None or 'photos.' in text


@pytest.mark.parametrize('workers', [0, 2], ids=['no_worker', 'two_workers'])
def test_a_label_run_reads_from_there(source, workers):
    init_default_scope('mmdet')
    (prefix, args), arguments = source
    arguments |= dict(
        ann_file=os.path.join(arguments.pop('data_root'), 'boxes.json'),
        data_prefix=dict(img=prefix), backend_args=args)
    dataset = LabelChunkDataset(**arguments, chunk_boxes=1, pipeline=[
        dict(type='mmdet_mal.FixedBoxExpansion', rate=0.),
        dict(type='mmdet_mal.CropBox', size=(50, 60)),
        dict(type='mmdet.PackDetInputs', meta_keys=('ann_id', ))])
    loader = DataLoader(dataset, batch_size=None, num_workers=workers)
    chunks = list(loader)
    assert [chunk['failed'] for chunk in chunks] == [[], [], []]
    # Red holds the number of the image, see conftest.
    assert [int(chunk['inputs'][0][2].max()) for chunk in chunks] == [1, 2, 3]


@pytest.mark.parametrize('source', ['zip', 'tar', 'lmdb'], indirect=True)
def test_the_stock_loader_of_phase_2_reads_archives(source, folder):
    (prefix, args), _ = source
    [path] = paths_in(prefix, '2.png')
    loaded = LoadImageFromFile(backend_args=args).transform(dict(img_path=path))
    assert np.array_equal(loaded['img'],
                          read_image(str(folder.image('2.png')), 'x'))


def test_training_reads_from_there_and_misses_nothing_on_the_way(source):
    init_default_scope('mmdet')
    (prefix, args), arguments = source
    ann_file = os.path.join(arguments.pop('data_root'), 'boxes.json')
    arguments |= dict(
        ann_file=ann_file, data_prefix=dict(img=prefix), backend_args=args,
        min_area=0, pipeline=[dict(type='mmdet_mal.LoadBoxImage',
                                   backend_args=args)])
    dataset = BoxInstanceDataset(**arguments)
    assert [sample['img'][0, 0, 2] for sample in dataset] == [1, 2, 3]
    content = json.loads(Path(ann_file).read_text())
    content['images'][1]['file_name'] = '8.png'
    Path(ann_file).write_text(json.dumps(content))
    with pytest.raises(AnnotationError, match='image 2 .*8.png.*not found'):
        BoxInstanceDataset(**arguments)


@pytest.mark.parametrize('source', ['zip', 'tar', 'lmdb'], indirect=True)
def test_headers_in_archives_are_looked_at(source):
    (prefix, args), _ = source
    [path] = paths_in(prefix, '1.png')
    look_at_image(path, 'image 1', (120, 160), args)
    with pytest.raises(AnnotationError, match='but the JSON says 160 x 99'):
        look_at_image(path, 'image 1', (99, 160), args)


# --------------------------------------------------------------- the network
def test_a_server_that_stumbles_is_asked_again(server, folder, monkeypatch):
    monkeypatch.setattr(image_access, '_RETRIES', (0., 0.))
    folder.image('1.png').write_bytes(b'content')
    Handler.failures = 2
    assert read_bytes(f'{server}/1.png') == b'content'
    Handler.failures = 3
    with pytest.raises(OSError, match='answers 503'):
        read_bytes(f'{server}/1.png')


def test_an_absent_address_is_asked_for_once(server):
    with pytest.raises(FileNotFoundError):
        read_bytes(f'{server}/none.png')
    assert Handler.requests == ['/none.png']


def test_asking_whether_images_exist_fetches_none(server, folder):
    folder.image('1.png').write_bytes(b'content')
    assert missing_images([f'{server}/1.png', f'{server}/2.png']) == [1]
    assert Handler.requests == []


def test_no_server_is_an_error_of_the_image(monkeypatch):
    monkeypatch.setattr(image_access, '_RETRIES', ())
    with pytest.raises(AnnotationError, match='server cannot be reached'):
        read_image('http://127.0.0.1:9/1.png', 'image 1')


def test_a_forked_worker_makes_its_own_client(petrel, monkeypatch):
    petrel['s3://b/1'] = b'1'
    assert read_bytes('s3://b/1') == b'1'
    monkeypatch.setattr(os, 'getpid', lambda: -1)  # as if forked
    assert read_bytes('s3://b/1') == b'1'
    assert len(set(image_access._backends.values())) == 2


def test_a_client_that_cannot_tell_what_exists_is_no_fault(
        petrel, monkeypatch):
    from petrel_client.client import Client
    monkeypatch.delattr(Client, 'contains')
    assert missing_images(['s3://b/1', 's3://b/2']) == []


# ------------------------------------------------- what stops all the images
@pytest.mark.parametrize('path, args, message', [
    pytest.param('s3://bucket', None, 'needs the package petrel_client',
                 id='missing_package'),
    pytest.param('', dict(backend='zip', archive='a'), 'known are local',
                 id='unknown_backend'),
    pytest.param('', dict(backend='mal_zip', file='a'), "argument 'file'",
                 id='unknown_argument'),
    pytest.param('', dict(backend='mal_zip', archive='none.zip'),
                 'none.zip: archive of images cannot be read', id='absent'),
])
def test_a_source_that_cannot_work_is_refused_at_once(
        path, args, message, folder, data, annotation):
    with pytest.raises(UserError, match=message) as error:
        open_source(path, args)
    assert '\n' not in str(error.value)
    assert not isinstance(error.value, AnnotationError)
    arguments = folder.write(data([annotation(1)]))
    arguments |= dict(data_root='', data_prefix=dict(img=path),
                      ann_file=str(folder.root / 'boxes.json'))
    with pytest.raises(UserError, match=message):
        LabelChunkDataset(**arguments, backend_args=args)


def test_a_workers_error_keeps_only_its_message():
    text = ('Caught ImageSourceError in DataLoader worker process 0.\nOriginal '
            'Traceback (most recent call last):\n  File "x"\nmmdet_mal.datasets.'
            'image_access.ImageSourceError: a.zip: gone\n')
    assert str(ImageSourceError(text)) == 'a.zip: gone'
