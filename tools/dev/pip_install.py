"""``pip install`` that shows what it is doing, for people and for logs.

``python pip_install.py LOG ARGUMENTS...`` runs ``pip install -v ARGUMENTS``,
writes all its output to LOG and shows the lines that tell of progress: what is
fetched and built, and each file that a build compiles (mmcv: 77 of them in
about ten minutes).  After a silence it says that it is alive.  It exits with
pip's code; after a failure it shows the end of the log.
"""

import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

_SILENCE_SECONDS = 20.0
_TAIL_LINES = 40

# "  [12/77] c++ -MMD ... -c /tmp/.../deform_conv.cpp -o ..." from ninja -v.
_NINJA_STEP = re.compile(r'\s*\[(\d+)/(\d+)\]\s.*?([\w.-]+\.(?:cpp|cc|cu|c))\b')
_NEWS = ('Collecting ', 'Processing ', 'Obtaining ', 'Building wheel',
         'Building editable', 'Installing collected', 'Successfully ',
         'ERROR', 'error:')
_DOWNLOAD = re.compile(r'\s+Downloading (\S+/)?(\S+) (\(.* [MG]B\))')


def shorten(line: str) -> str | None:
    """What to show of a line of ``pip install -v``.

    Args:
        line (str): One line of output.

    Returns:
        str | None: The line to show, or None if it is no news.
    """
    step = _NINJA_STEP.match(line)
    if step:
        return f'  compiled {step[1]:>3}/{step[2]} {step[3]}'
    download = _DOWNLOAD.match(line)
    if download:
        return f'  downloading {download[2]} {download[3]}'
    if line.lstrip().startswith(_NEWS):
        return line.rstrip()[:160]
    return None


def run(log_path: Path, arguments: list[str]) -> int:
    """Run ``pip install`` and report; returns pip's exit code."""
    command = [sys.executable, '-u', '-m', 'pip', 'install', '-v',
               '--disable-pip-version-check', '--no-input', *arguments]
    start = time.monotonic()
    with log_path.open('a') as log, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace') as pip:
        lines: queue.Queue = queue.Queue()
        reader = threading.Thread(
            target=_read, args=(pip.stdout, lines), daemon=True)
        reader.start()
        while True:
            try:
                line = lines.get(timeout=_SILENCE_SECONDS)
            except queue.Empty:
                seconds = time.monotonic() - start
                print(f'  ... at work for {seconds:.0f} s', flush=True)
                continue
            if line is None:
                break
            log.write(line)
            news = shorten(line)
            if news is not None:
                print(news, flush=True)
    if pip.returncode:
        tail = log_path.read_text(errors='replace').splitlines()[-_TAIL_LINES:]
        print(*tail, sep='\n', file=sys.stderr)
        print(f'pip failed with code {pip.returncode}; all of its output is '
              f'in {log_path}', file=sys.stderr)
    return pip.returncode


def _read(stream, lines: queue.Queue) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


if __name__ == '__main__':
    sys.exit(run(Path(sys.argv[1]), sys.argv[2:]))
