"""Random access to the members of ZIP and tar archives."""

import multiprocessing
import os
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from mmengine import fileio

from mmdet_mal.datasets.backends import TarBackend, ZipBackend
from mmdet_mal.datasets.backends.archive_backend import ArchiveError
from mmdet_mal.utils.errors import UserError


def content_of(i):
    return np.random.default_rng(i).bytes(50 + 97 * i)


NAMES = [f'train/{i}.jpg' for i in range(30)] + ['ü ö/ß.png', 'top.png']
LONG = 'x' * 80 + '/' + 'y' * 120 + '.jpg'  # longer than a tar header holds


MEMBERS = {name: content_of(i) for i, name in enumerate([*NAMES, LONG])}


def write_zip(path, files, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


def write_tar(path, files, form=tarfile.PAX_FORMAT, root=None):
    root = root or path.parent / 'to_pack'
    with tarfile.open(path, 'w', format=form) as archive:
        for name, content in files.items():
            file = root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            archive.add(file, name)
    return str(path)


ARCHIVES = {
    'deflated_zip': (ZipBackend, write_zip, {}),
    'stored_zip': (ZipBackend, write_zip,
                   dict(compression=zipfile.ZIP_STORED)),
    'pax_tar': (TarBackend, write_tar, {}),
    'gnu_tar': (TarBackend, write_tar, dict(form=tarfile.GNU_FORMAT)),
}


@pytest.fixture(params=ARCHIVES)
def archive(request, tmp_path):
    """A backend on an archive of ``MEMBERS``."""
    backend, write, options = ARCHIVES[request.param]
    return backend(write(tmp_path / 'archive', MEMBERS, **options))


def test_every_member_is_read(archive):
    for name, content in MEMBERS.items():
        assert archive.get(name) == content
        assert archive.exists(name) and archive.isfile(f'./{name}')
    assert len(archive.open()) == len(MEMBERS)


def test_absent_members_are_named(archive):
    for name in ('train/99.jpg', 'train', '', '0.jpg'):
        assert not archive.exists(name)
    with pytest.raises(FileNotFoundError, match='33 files, the first train/0'):
        archive.get('0.jpg')


def test_prefix_is_a_folder_inside(archive):
    inside = type(archive)(archive.archive, prefix='train')
    assert inside.get('7.jpg') == content_of(7)
    assert not inside.exists('top.png')


def test_threads_share_a_backend(archive):
    names = list(MEMBERS) * 20
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(archive.get, names))
    assert read == [MEMBERS[name] for name in names]


def _read_many(archive, seed, queue):
    names = np.random.default_rng(seed).permutation(list(MEMBERS) * 30)
    queue.put(all(archive.get(str(n)) == MEMBERS[str(n)] for n in names[:300]))


def test_forked_processes_share_what_is_open(archive):
    """With one file position for all, as a plain file has, this fails."""
    archive.get('top.png')
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    workers = [context.Process(target=_read_many, args=(archive, seed, queue))
               for seed in range(4)]
    for worker in workers:
        worker.start()
    assert all(queue.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join()


def test_nothing_is_written_to_disk(archive, tmp_path, monkeypatch):
    monkeypatch.setenv('TMPDIR', str(tmp_path / 'temporary'))
    before = sorted(os.walk(tmp_path))
    archive.get('top.png')
    assert sorted(os.walk(tmp_path)) == before


def test_mmengine_finds_the_backends_by_name(tmp_path):
    write_zip(tmp_path / 'a.zip', {'1': b'zip'})
    write_tar(tmp_path / 'a.tar', {'1': b'tar'})
    for kind in ('zip', 'tar'):
        args = dict(backend=f'mal_{kind}', archive=str(tmp_path / f'a.{kind}'))
        assert fileio.get('1', backend_args=args) == kind.encode()
        assert fileio.get_text('1', backend_args=args) == kind
        assert fileio.exists('1', backend_args=args)


def test_the_index_is_small(tmp_path):
    files = {f'a_rather_long_folder_name/{i:012d}.jpg': b'' for i in range(5000)}
    index = ZipBackend(write_zip(tmp_path / 'a.zip', files)).open()
    assert index.nbytes == 29 * 5000


def test_the_later_of_two_members_with_one_name_counts(tmp_path):
    with (zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive,
          pytest.warns(UserWarning, match='Duplicate name')):
        archive.writestr('1', b'old')
        archive.writestr('1', b'new')
    assert ZipBackend(str(tmp_path / 'a.zip')).get('1') == b'new'
    write_tar(tmp_path / 'a.tar', {'1': b'old'})
    (tmp_path / 'new').write_bytes(b'new')
    with tarfile.open(tmp_path / 'a.tar', 'a') as archive:
        archive.add(tmp_path / 'new', '1')
    assert TarBackend(str(tmp_path / 'a.tar')).get('1') == b'new'


def test_links_in_a_tar(tmp_path):
    (tmp_path / '1').write_bytes(b'content')
    os.link(tmp_path / '1', tmp_path / '2')
    os.symlink('1', tmp_path / '3')
    with tarfile.open(tmp_path / 'a.tar', 'w') as archive:
        for name in '123':
            archive.add(tmp_path / name, name)
    backend = TarBackend(str(tmp_path / 'a.tar'))
    assert backend.get('2') == b'content'
    assert not backend.exists('3')


def test_zip_with_something_before_it(tmp_path):
    write_zip(tmp_path / 'a.zip', MEMBERS)
    content = (tmp_path / 'a.zip').read_bytes()
    (tmp_path / 'a.zip').write_bytes(b'#!/bin/sh\n' * 50 + content)
    assert ZipBackend(str(tmp_path / 'a.zip')).get('top.png') == MEMBERS['top.png']


def test_streamed_zip_whose_local_headers_hold_no_sizes(tmp_path):
    class Pipe:
        """Something that cannot seek."""

        def __init__(self, file):
            self.write, self.flush = file.write, file.flush

    with (open(tmp_path / 'a.zip', 'wb') as file,
          zipfile.ZipFile(Pipe(file), 'w', zipfile.ZIP_DEFLATED) as archive):
        archive.writestr('1', b'content' * 99)
        archive.writestr('2', b'more')
    backend = ZipBackend(str(tmp_path / 'a.zip'))
    assert (backend.get('1'), backend.get('2')) == (b'content' * 99, b'more')


# ------------------------------------------------------------ broken archives
@pytest.mark.parametrize('compression', [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED],
                         ids=['stored', 'deflated'])
def test_a_broken_zip_member_is_an_error_of_that_member_alone(
        tmp_path, compression):
    path = tmp_path / 'a.zip'
    write_zip(path, {'1': content_of(20), '2': content_of(21)}, compression)
    content = bytearray(path.read_bytes())
    content[500] ^= 255
    path.write_bytes(content)
    backend = ZipBackend(str(path))
    with pytest.raises(OSError, match='broken there'):
        backend.get('1')
    assert backend.get('2') == content_of(21)


def test_an_archive_cut_off_while_in_use(tmp_path):
    path = tmp_path / 'a.tar'
    backend = TarBackend(write_tar(path, MEMBERS))
    backend.open()
    os.truncate(path, 4000)
    with pytest.raises(OSError, match='cut off'):
        backend.get('top.png')


def _gzipped(path):
    with tarfile.open(path, 'w:gz') as archive:
        archive.add(__file__, 'x')


def _truncated_tar(path):
    write_tar(path, MEMBERS)
    os.truncate(path, 3000)


def _truncated_zip(path):
    write_zip(path, MEMBERS)
    os.truncate(path, 3000)


def _bzip2(path):
    write_zip(path, {'x.jpg': b'1'}, zipfile.ZIP_BZIP2)


def _encrypted(path):
    write_zip(path, {'x.jpg': b'1'})
    content = bytearray(path.read_bytes())
    content[content.index(b'PK\1\2') + 8] |= 1
    path.write_bytes(content)


@pytest.mark.parametrize('backend, make, message', [
    pytest.param(ZipBackend, None, 'No such file', id='absent'),
    pytest.param(ZipBackend, lambda p: p.mkdir(), 'directory', id='folder'),
    pytest.param(ZipBackend, lambda p: p.write_bytes(b'no zip'),
                 'not a ZIP archive', id='no_zip'),
    pytest.param(ZipBackend, _truncated_zip, 'not a ZIP archive',
                 id='truncated_zip'),
    pytest.param(ZipBackend, _bzip2, 'x.jpg is compressed by method 12',
                 id='bzip2'),
    pytest.param(ZipBackend, _encrypted, 'x.jpg is encrypted', id='encrypted'),
    pytest.param(TarBackend, lambda p: p.write_bytes(b'no tar' * 200),
                 'not an uncompressed tar', id='no_tar'),
    pytest.param(TarBackend, _gzipped, 'unpack a compressed one', id='gzipped'),
    pytest.param(TarBackend, _truncated_tar, 'or a broken one',
                 id='truncated_tar'),
])
def test_unusable_archives_say_why_in_one_line(tmp_path, backend, make, message):
    path = tmp_path / 'archive'
    if make:
        make(path)
    with pytest.raises(ArchiveError, match=message) as error:
        backend(str(path)).get('1')
    assert isinstance(error.value, UserError)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)
