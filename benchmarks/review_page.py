"""The review page: what building it costs, and how it feels in Chromium.

    python benchmarks/review_page.py [--boxes 2500 10000] [--out review.json]

Draws photographs of 640 x 480 px with 20 ellipses each, builds the page in a
process of its own (time, peak memory, size), opens it from the disk in headless
Chromium and measures

* first paint, everything loaded, first mask drawn (ms after navigation);
* the number of elements of the document, at the start and while scrolling;
* times between frames while the list is scrolled from end to end in 600 frames;
* keys: from the event until the handler is done, and until the next mask is on
  the canvas; in the plain list, and with a filter that heeds decisions, so that
  all masks are filtered again at each key.

Needs chromium and chromedriver on PATH, and selenium.
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from mmdet_mal.structures.rle import encode_window
from mmdet_mal.visualization.review import build_review

_SHAPE = (480, 640)
_BOXES_AN_IMAGE = 20
_CLASSES = 80
_FLAGS = ('--headless=new', '--no-sandbox', '--disable-dev-shm-usage',
          '--disable-gpu', '--disable-background-networking',
          '--enable-precise-memory-info', '--window-size=1280,900')
_FRAMES = 600
_KEYS = 100

_READY = '''
    const done = arguments[0];
    const poll = () => {
      const shown = document.getElementById('panes').dataset.shown;
      if (document.documentElement.dataset.ready && shown) done(performance.now());
      else setTimeout(poll, 2);
    };
    poll();'''
_FACTS = '''
    const paint = performance.getEntriesByType('paint')
      .find((entry) => entry.name === 'first-contentful-paint');
    return {first_paint: paint ? paint.startTime : null,
            elements: document.querySelectorAll('*').length,
            heap: performance.memory ? performance.memory.usedJSHeapSize : null};'''
_SCROLL = '''
    const [frames, done] = arguments;
    const list = document.getElementById('list');
    const gaps = [];
    let most = 0, last = performance.now(), frame = 0;
    const step = (now) => {
      gaps.push(now - last);
      last = now;
      most = Math.max(most, document.querySelectorAll('*').length);
      if (frame++ === frames) return done({gaps: gaps.slice(2), most});
      list.scrollTop = frame / frames * (list.scrollHeight - list.clientHeight);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);'''
_PRESS = '''
    const [key, count, done] = arguments;
    const panes = document.getElementById('panes');
    const handled = [], shown = [];
    const press = async () => {
      for (let i = 0; i < count; i++) {
        const before = panes.dataset.shown;
        const start = performance.now();
        document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}));
        handled.push(performance.now() - start);
        while (panes.dataset.shown === before || !panes.dataset.shown) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        shown.push(performance.now() - start);
      }
      done({handled, shown});
    };
    press();'''


def main() -> None:
    parser = argparse.ArgumentParser(description='The review page, measured')
    parser.add_argument('--boxes', type=int, nargs='+', default=[2500, 10_000],
                        help='sizes of the pages (%(default)s)')
    parser.add_argument('--out', help='JSON file for the figures')
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for boxes in args.boxes:
            place = Path(folder) / str(boxes)
            draw(place, boxes)
            rows.append(dict(boxes=boxes, **build(place), **look_at(place)))
            print(json.dumps(rows[-1], indent=1))
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=1) + '\n')


def draw(folder: Path, boxes: int) -> None:
    """Write photos/ and masks.json."""
    rng = np.random.default_rng(0)
    photos = folder / 'photos'
    photos.mkdir(parents=True)
    data = dict(images=[], annotations=[], categories=[
        dict(id=k + 1, name=f'class {k + 1}') for k in range(_CLASSES)])
    height, width = _SHAPE
    for i in range(-(-boxes // _BOXES_AN_IMAGE)):
        noise = rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)
        name = f'photo_{i:05d}.jpg'
        cv2.imwrite(str(photos / name), cv2.resize(noise, (width, height)))
        data['images'].append(
            dict(id=i, file_name=name, height=height, width=width))
        for _ in range(min(_BOXES_AN_IMAGE, boxes - len(data['annotations']))):
            w, h = (int(v) for v in rng.integers(16, 240, 2))
            x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
            score = float(rng.random())
            data['annotations'].append(dict(
                id=len(data['annotations']) + 1, image_id=i, iscrowd=0,
                category_id=int(rng.integers(_CLASSES)) + 1, bbox=[x, y, w, h],
                segmentation=ellipse(x, y, w, h), area=int(w * h * .785),
                score=score, mal=dict(mask_score=score)))
    (folder / 'masks.json').write_text(json.dumps(data))


def ellipse(x: int, y: int, w: int, h: int) -> dict:
    """RLE of the ellipse in a box."""
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    return encode_window(mask, (x, y, x + w, y + h), _SHAPE)


def build(folder: Path) -> dict:
    """Time, memory and size of a build, in a process of its own."""
    context = multiprocessing.get_context('spawn')
    queue = context.Queue()
    process = context.Process(target=_build, args=(str(folder), queue))
    process.start()
    figures = queue.get()
    process.join()
    return figures


def _build(folder: str, queue) -> None:
    before = peak_megabytes()
    start = time.perf_counter()
    summary = build_review(
        [('masks', f'{folder}/masks.json')], f'{folder}/photos',
        f'{folder}/review.html', progress=False)
    queue.put(dict(
        build_s=round(time.perf_counter() - start, 2),
        build_extra_mb=round(peak_megabytes() - before, 1),
        page_mb=round(summary.megabytes, 1)))


def peak_megabytes() -> float:
    """Most memory that this program has had; getrusage would count what the
    process was before it."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) / 1e3
    return float('nan')


def look_at(folder: Path) -> dict:
    """Open the page, scroll, press keys."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which('chromium')
    for flag in _FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=Service(shutil.which('chromedriver')))
    try:
        driver.set_script_timeout(120)
        # Once before: what is measured is the page, not the start of a browser.
        driver.get('about:blank')
        driver.get((folder / 'review.html').as_uri())
        first_mask = driver.execute_async_script(_READY)
        facts = driver.execute_script(_FACTS)
        scroll = driver.execute_async_script(_SCROLL, _FRAMES)
        driver.execute_script('document.getElementById("list").scrollTop = 0')
        move = driver.execute_async_script(_PRESS, 'j', _KEYS)
        accept = driver.execute_async_script(_PRESS, 'a', _KEYS)
        driver.execute_script(
            'const s = document.getElementById("filter-decision");'
            's.value = "undecided"; s.dispatchEvent(new Event("change"));')
        filtered = driver.execute_async_script(_PRESS, 'a', _KEYS)
    finally:
        driver.quit()
    return dict(
        first_paint_ms=rounded(facts['first_paint']), first_mask_ms=rounded(first_mask),
        heap_mb=round((facts['heap'] or 0) / 1e6, 1), elements=facts['elements'],
        elements_scrolling=scroll['most'], frame_ms=describe(scroll['gaps']),
        next_handler_ms=describe(move['handled']),
        next_shown_ms=describe(move['shown']),
        accept_handler_ms=describe(accept['handled']),
        accept_shown_ms=describe(accept['shown']),
        accept_filtered_handler_ms=describe(filtered['handled']),
        accept_filtered_shown_ms=describe(filtered['shown']))


def describe(values: list[float]) -> dict:
    """Median, 95th percentile and maximum in ms."""
    values = sorted(values)
    return dict(median=rounded(statistics.median(values)),
                p95=rounded(values[int(.95 * (len(values) - 1))]),
                most=rounded(values[-1]))


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


if __name__ == '__main__':
    main()
