"""The page in a real browser: what a person sees, presses and saves."""

import argparse
import hashlib
import json

import numpy as np
import pytest
from review_data import draw_data, ellipse, rewrite

from mmdet_mal.structures.rle import encode_window, rle_counts, rle_to_mask
from mmdet_mal.visualization.review import build_review

KEYS_DOWN, KEYS_END = '\ue015', '\ue010'
CONTROL, SHIFT = '\ue009', '\ue008'


@pytest.fixture(scope='module')
def twelve(tmp_path_factory):
    """A page of twelve masks: ids 100 to 111, scores 0 to .11."""
    drawn = draw_data(tmp_path_factory.mktemp('twelve'))
    drawn.html = drawn.folder / 'review.html'
    build_review([('mal', drawn.masks)], drawn.photos, drawn.html, progress=False)
    return drawn


@pytest.fixture
def page(twelve, open_page):
    """The page of twelve masks, nothing decided."""
    return open_page(twelve.html)


def test_the_worst_mask_comes_first(page):
    assert page.listed == [str(k) for k in range(100, 112)]
    assert page.current == '100'
    assert page.count == '12 masks'
    assert page.text('#detail-class') == 'cat'


def test_accept_reject_flag_go_on_and_are_counted(page):
    page.press('a', 'r', 'f')
    assert page.current == '103'
    assert page.progress == '3 of 12 decided: 1 accepted, 1 rejected, 1 flagged'
    page.press('k')
    assert page.current == '102'
    assert page.text('#detail-decision') == 'flagged'


def test_moving_by_keys(page):
    page.press('j', KEYS_DOWN)
    assert page.current == '102'
    page.press('k')
    assert page.current == '101'
    page.press(KEYS_END)
    assert page.current == '111'
    page.press('j')
    assert page.current == '111'
    assert page.js('return document.getElementById("status").textContent') == (
        'This is the last mask.')


def test_space_finds_the_next_undecided_mask(page):
    page.press('j', 'a', 'k', 'k', ' ')
    assert page.current == '102'


def test_undo_takes_back_the_last_step_and_goes_there(page):
    page.press('a', 'r', 'u')
    assert page.current == '101'
    assert page.progress.startswith('1 of 12 decided: 1 accepted')
    page.press((CONTROL, 'z'))
    assert page.current == '100'
    assert page.progress.startswith('0 of 12')
    page.press('u')  # nothing is left
    assert page.progress.startswith('0 of 12')


def test_accepting_all_asks_and_is_one_step(page):
    page.press('r')
    page.press((SHIFT, 'a'))
    assert '11 undecided' in page.text('#ask-text')
    page.click('#ask-no')
    assert page.progress.startswith('1 of 12')
    page.press((SHIFT, 'a'))
    page.click('#ask-yes')
    page.wait(lambda: page.progress.startswith('12 of 12 decided: 11 accepted'))
    page.press('u')
    assert page.progress.startswith('1 of 12 decided: 0 accepted, 1 rejected')


def test_help_lists_keys_and_swallows_them(page):
    page.press('?')
    help_text = page.text('#help')
    for words in ('accept', 'reject', 'flag for a second look', 'undo the last step'):
        assert words in help_text
    page.press('a')
    assert page.progress.startswith('0 of 12')
    page.press('?')
    assert not page.js('return document.getElementById("help").open')


def test_letters_in_a_field_are_text_and_no_decision(page):
    page.type('#filter-text', 'far')
    assert page.progress.startswith('0 of 12')
    assert page.current is None
    assert page.text('#empty').startswith('No mask fits the filter.')
    page.click('#empty button')
    assert page.count == '12 masks'


@pytest.mark.parametrize('steps, ids', [
    pytest.param([('choose', '#filter-class', '1')],
                 [101, 103, 105, 107, 109, 111], id='class'),
    pytest.param([('type', '#filter-low', '.03'), ('type', '#filter-high', '.05')],
                 [103, 104, 105], id='score range, both ends belong to it'),
    pytest.param([('type', '#filter-text', 'photo_2')], [106, 107, 108],
                 id='file name'),
    pytest.param([('type', '#filter-text', '110')], [110], id='annotation id'),
    pytest.param([('click', '#filter-size-0')], [102, 105, 108, 111],
                 id='size: 28 x 24 px and less is small'),
    pytest.param([('choose', '#filter-mask', 'fallback')], [104], id='fallback'),
    pytest.param([('choose', '#filter-mask', 'sound'), ('type', '#filter-high', '.05')],
                 [100, 101, 102, 103, 105], id='two filters together'),
    pytest.param([('choose', '#order', 'best')], list(range(111, 99, -1)),
                 id='best first'),
])
def test_filters_and_orders(drawn, build, open_page, steps, ids):
    def change(data):
        for ann in data['annotations'][2::3]:  # exactly 32 x 32 px: medium
            ann['bbox'] = [10, 10, 32, 32]
        data['annotations'][4]['mal'] = dict(fallback='empty_mask')

    rewrite(drawn, change)
    page = open_page(build().out_html)
    for step, *arguments in steps:
        getattr(page, step)(*arguments)
    page.wait_shown()
    assert page.listed == [str(k) for k in ids]
    assert page.count == ('12 masks' if len(ids) == 12 else f'{len(ids)} of 12')


def test_classes_are_offered_with_their_counts(page):
    assert page.options('#filter-class') == ['all (12)', 'cat (6)', 'dog (6)']


def test_a_decided_mask_leaves_the_list_of_undecided_ones(page):
    page.choose('#filter-decision', 'undecided')
    page.click('#list')
    before = page.current
    page.press('a')
    assert before not in page.listed
    assert page.count == '11 of 12'
    page.press('u')
    assert page.current == before


def test_decisions_survive_a_reload(page):
    page.press('a', 'r', 'f')
    page.reload()
    assert page.progress == '3 of 12 decided: 1 accepted, 1 rejected, 1 flagged'
    assert page.current == '103'  # the first that is open


def test_decisions_belong_to_the_bytes_of_the_masks(drawn, build, open_page):
    page = open_page(build().out_html)
    page.press('a')
    rewrite(drawn, lambda data: data['annotations'][0].update(score=.5))
    build()
    page.reload()
    assert page.progress.startswith('0 of 12')


def test_saved_decisions_follow_the_schema(twelve, page):
    page.press('a', 'r', 'f')
    path, content = page.save()
    assert path.name == 'masks.decisions.json'
    assert content['format'] == 'mal-decisions' and content['version'] == 1
    digest = hashlib.sha256(twelve.masks.read_bytes()).hexdigest()
    assert content['masks'] == dict(file='masks.json', sha256=digest, name='mal')
    assert content['saved'].endswith('Z')
    assert content['decisions'] == {
        '100': {'decision': 'accept'}, '101': {'decision': 'reject'},
        '102': {'decision': 'flag'}}


def export(*words):
    """``mal export`` in this process; the ids that it wrote."""
    from mmdet_mal.cli import export as verb
    parser = argparse.ArgumentParser()
    verb.add_options(parser)
    args = parser.parse_args([str(word) for word in words])
    verb.run(args)
    with open(args.out) as file:
        return {ann['id']: ann for ann in json.load(file)['annotations']}


def test_export_obeys_saved_decisions(twelve, page, tmp_path):
    page.press('a', 'r', 'f')
    path, _ = page.save()
    decided = ('--decisions', path, '--out', tmp_path / 'kept.json')
    assert set(export(twelve.masks, *decided)) == set(range(100, 112)) - {101}
    assert set(export(twelve.masks, *decided, '--flagged', 'drop')) == (
        set(range(100, 112)) - {101, 102})
    assert set(export(twelve.masks, *decided, '--only-accepted')) == {100}


def test_export_takes_the_mask_that_was_chosen(drawn, build, open_page, tmp_path):
    human = drawn.folder / 'human.json'
    data = json.loads(drawn.masks.read_text())
    for ann in data['annotations']:
        ann['segmentation'] = ellipse([1, 2, 6, 6])
    human.write_text(json.dumps(data))
    page = open_page(build(human=human).out_html)
    page.press('a', '2', 'a')
    path, _ = page.save()
    kept = export(drawn.masks, '--decisions', path, '--out', tmp_path / 'kept.json',
                  '--masks-of', f'human={human}')
    assert kept[100]['segmentation'] == drawn.data['annotations'][0]['segmentation']
    assert kept[101]['segmentation'] == ellipse([1, 2, 6, 6])


def test_a_note_flags_an_undecided_mask_and_is_found(page):
    page.type('#note', 'tail is missing')
    page.click('#list-count')  # leaves the field
    page.wait(lambda: page.progress.startswith('1 of 12'))
    assert page.save()[1]['decisions'] == {
        '100': {'decision': 'flag', 'note': 'tail is missing'}}
    page.press('j')
    page.type('#filter-text', 'TAIL')
    page.wait_shown()
    assert page.listed == ['100']


def test_a_saved_file_is_loaded_again(page):
    page.press('a', 'r')
    path, _ = page.save()
    kept = path.with_suffix('.kept')
    path.rename(kept)
    page.js('localStorage.clear()')
    page.reload()
    assert page.progress.startswith('0 of 12')
    page.load(kept)
    page.wait(lambda: page.progress.startswith('2 of 12 decided: 1 accepted, 1 rej'))
    page.press('u')
    assert page.progress.startswith('0 of 12')
    kept.unlink()


@pytest.mark.parametrize('text, words', [
    pytest.param('{', 'it is not JSON', id='torn'),
    pytest.param('{"format": "coco"}', 'its format is not mal-decisions', id='foreign'),
    pytest.param('{"format": "mal-decisions", "version": 9}', 'it has version 9',
                 id='newer'),
    pytest.param('{"format": "mal-decisions", "version": 1}', 'it has no decisions',
                 id='empty'),
    pytest.param('{"format": "mal-decisions", "version": 1, "decisions": '
                 '{"100": {"decision": "maybe"}}}',
                 'the decision on annotation 100 is none', id='unknown word'),
])
def test_a_wrong_file_is_refused_in_words(page, tmp_path, text, words):
    path = tmp_path / 'wrong.json'
    path.write_text(text)
    page.load(path)
    page.wait(lambda: words in page.text('#warning'))
    assert page.progress.startswith('0 of 12')


def test_decisions_on_other_masks_are_asked_about(page, tmp_path):
    path = tmp_path / 'other.json'
    path.write_text(json.dumps({
        'format': 'mal-decisions', 'version': 1, 'saved': '2026-01-01T00:00:00Z',
        'masks': {'file': 'old.json', 'sha256': '0' * 64},
        'decisions': {'100': {'decision': 'accept'}, '999': {'decision': 'reject'}}}))
    page.load(path)
    page.wait(lambda: 'made for other masks (old.json)' in page.text('#ask-text'))
    page.click('#ask-yes')
    page.wait(lambda: page.progress.startswith('1 of 12'))
    assert '999' not in page.save()[1]['decisions']


def test_two_tabs_share_decisions(page):
    driver = page.driver
    first = driver.current_window_handle
    driver.switch_to.new_window('tab')
    try:
        driver.get(page.url)
        page.wait(lambda: page.js('return document.documentElement.dataset.ready'))
        page.press('a')
    finally:
        driver.close()
        driver.switch_to.window(first)
    page.wait(lambda: page.progress.startswith('1 of 12'))


def test_the_browser_decodes_masks_like_pycocotools(twelve, page):
    for ann in twelve.data['annotations'][:6]:
        # Bits of the view, with its window in the image.
        window, width, height, bits = page.driver.execute_async_script(
            'const [id, done] = arguments;'
            'const {store, loadMasks, masks} = malReview;'
            'const row = store.rowOfId.get(id);'
            'loadMasks(row).then((m) => done([store.window[row], m.width, m.height,'
            '  [...masks.decodeBits(m.files[0].counts, m.width, m.height)]]));',
            str(ann['id']))
        x0, y0, x1, y1 = window
        assert (width, height) == (x1 - x0, y1 - y0)
        expected = rle_to_mask(ann['segmentation'])[y0:y1, x0:x1]
        assert (np.reshape(bits, (height, width)).astype(bool) == expected).all()


def test_the_browser_reads_run_lengths_of_every_kind(page):
    """Long runs, falling ones, empty and full masks, against our own reader."""
    rng = np.random.default_rng(0)
    masks = [np.zeros((5, 4), bool), np.ones((768, 768), bool)]
    for share in (.01, .5, .99):
        masks += [rng.random((int(rng.integers(1, 300)), int(rng.integers(1, 300))))
                  < share for _ in range(10)]
    block = np.zeros((700, 700), bool)
    block[100:650, 3:690] = True
    block[300:310] = False
    masks.append(block)
    rles = [encode_window(mask, (0, 0, mask.shape[1], mask.shape[0]), mask.shape)
            for mask in masks]
    found = page.js('const {decodeRuns} = malReview.masks;'
                    'return arguments[0].map((text) => decodeRuns(text))',
                    [rle['counts'] for rle in rles])
    for rle, runs in zip(rles, found, strict=True):
        assert runs == rle_counts(rle).tolist()


def test_a_full_storage_is_said_aloud(page):
    page.js('Storage.prototype.setItem = () => { throw new DOMException("full"); }')
    page.press('a')
    assert 'press Save often' in page.text('#warning')
    assert page.save()[1]['decisions'] == {'100': {'decision': 'accept'}}


def test_keys_of_another_script_are_known_by_their_place(page):
    page.js('document.body.dispatchEvent(new KeyboardEvent("keydown", '
            '{key: "ф", code: "KeyA", bubbles: true}))')
    assert page.progress.startswith('1 of 12 decided: 1 accepted')


def test_fill_outline_and_opacity_are_live(page):
    """Looks at the screen: the middle of the mask, by turns."""
    canvas = page.js('const c = document.querySelector("#panes canvas");'
                     'return [c.clientWidth, c.clientHeight]')
    middle = canvas[0] // 2, canvas[1] // 2

    def colour():
        page.wait_shown()
        return np.array(page.pixel(*middle))

    page.press('b')  # no box over the middle
    filled = colour()
    page.press('m')
    plain = colour()
    assert filled[2] - plain[2] > 20  # the blue of the mask's cyan
    page.press('m', ']', ']', ']', ']', ']', ']')
    assert np.abs(colour() - [40, 205, 255]).max() < 8  # opaque now
    before = page.pixel(*middle)
    page.press('o')
    assert page.pixel(*middle) == before  # the outline is at the edge


def test_zoom_by_key_and_wheel_and_fit(page):
    page.press('z')  # no further than 40 px a pixel, as the view is small
    assert page.text('#zoom-value') not in ('100 %', '300 %')
    page.press('z')
    assert page.text('#zoom-value') == '100 %'
    page.js('document.querySelector("#panes canvas").dispatchEvent('
            'new WheelEvent("wheel", {deltaY: -120, bubbles: true, cancelable: true}))')
    assert page.text('#zoom-value') == '149 %'
    page.press('0')
    assert page.text('#zoom-value') == '100 %'


def test_other_masks_of_the_image_on_demand(page):
    assert page.js('return malReview.store.neighbours(0).map('
                   '(row) => malReview.store.ids[row])') == ['101', '102']
    page.press('t')
    assert page.js('return document.querySelector("[data-toggle=others]")'
                   '.getAttribute("aria-pressed")') == 'true'


def test_two_label_files_and_human_masks_side_by_side(drawn, build, open_page):
    other, human = drawn.folder / 'other.json', drawn.folder / 'human.json'
    data = json.loads(drawn.masks.read_text())
    data['annotations'] = data['annotations'][:6]
    for ann in data['annotations']:
        ann['score'] = .9
    other.write_text(json.dumps(data))
    for ann in data['annotations']:  # the left half of the box, as a polygon
        x, y, w, h = ann['bbox']
        half = w // 2
        ann['segmentation'] = [[x, y, x + half, y, x + half, y + h, x, y + h]]
    human.write_text(json.dumps(data))
    summary = build([('mal', drawn.masks), ('other', other)], human=human)
    assert summary.matched == dict(other=6, human=6)
    page = open_page(summary.out_html)
    captions = page.js('return [...document.querySelectorAll("figcaption")]'
                       '.map((f) => f.textContent)')
    assert [text.split('score')[0].strip() for text in captions[:2]] == [
        '1 mal', '2 other']
    assert 'IoU 1.000' in captions[1] and 'IoU 0.4' in captions[2]
    page.press('3', 'a')
    assert page.save()[1]['decisions'] == {
        '100': {'decision': 'accept', 'masks': 'human'}}
    page.press('s')
    assert page.js('return [...document.querySelectorAll("#panes figure")]'
                   '.map((f) => f.hidden)') == [False, True, True]
    page.choose('#order', 'iou-1')
    page.wait_shown()
    assert page.current == page.listed[0]
    # Masks that have no counterpart come last.
    assert set(page.listed[-6:]) == {str(k) for k in range(106, 112)}


def test_a_missing_picture_is_said_and_the_rest_goes_on(drawn, build, open_page):
    (drawn.photos / 'photo_0.jpg').unlink()
    summary = build()
    assert len(summary.no_picture) == 1 and 'photo_0.jpg' in summary.no_picture[0]
    page = open_page(summary.out_html)
    assert page.js('return malReview.store.picture[0]') == 0
    page.press('a', 'j', 'j')
    assert page.current == '103'
    assert page.js('return malReview.store.picture[3]') == 1


def test_a_page_without_its_folder_says_so(build, drawn, chromium):
    summary = build()
    (drawn.folder / 'review_files' / 'data' / 'rows_0.js').unlink()
    chromium.get((drawn.folder / 'review.html').as_uri())
    warning = chromium.find_element('id', 'warning')
    for _ in range(200):
        if warning.is_displayed():
            break
    assert 'rows_0.js' in warning.text and 'build the page again' in warning.text
    assert summary.boxes == 12


HOSTILE = [
    '</script><img src=x onerror=alert(1)>', '"><svg onload=alert(1)>',
    "'; alert(1); //", '\u2028alert(1)\u2029', '\u202egnp.exe', '${alert(1)}',
    'javascript:alert(1)', '<!--<script>', '\\"+alert(1)+\\"', '__proto__',
    'مرحبا \U0001f431 é', '\x00\x07\x1b[31m']


def test_hostile_names_are_text(tmp_path, open_page):
    """File, class, id, detail and label-file names that try to be more."""
    names = [name.replace('/', '∕').replace('\x00', '') + '.jpg' for name in HOSTILE]
    drawn = draw_data(tmp_path, images=len(HOSTILE), boxes=1, names=names,
                      classes=HOSTILE)

    def change(data):
        for ann, name in zip(data['annotations'], HOSTILE, strict=True):
            ann['id'] = name
            ann['mal'] = {name: name}
        data['annotations'][1]['mal'] = dict(fallback=HOSTILE[0])

    rewrite(drawn, change)
    out = tmp_path / 'a"b<c>&\'d #?%20.html'
    summary = build_review([(HOSTILE[0], drawn.masks), (HOSTILE[1], drawn.masks)],
                           drawn.photos, out, progress=False)
    assert summary.no_picture == []
    page = open_page(out)
    assert page.js('return malReview.store.meta.classes.slice(0, -1)') == HOSTILE
    elements = page.js('return document.querySelectorAll("*").length')
    for name in HOSTILE:
        assert page.current == name
        shown = page.js('return document.getElementById("detail-class").textContent')
        assert shown == name
        page.press('a')
    # Nothing of the names became an element, a property or a script.
    assert page.js('return document.querySelectorAll("img, svg").length') == 0
    assert page.js('return ({}).decision') is None
    assert abs(page.js('return document.querySelectorAll("*").length') - elements) < 9
    page.reload()
    assert page.progress.startswith(f'{len(HOSTILE)} of {len(HOSTILE)}')
    decisions = page.save()[1]['decisions']
    assert set(decisions) == set(HOSTILE)
    assert decisions['__proto__'] == {'decision': 'accept', 'masks': HOSTILE[0]}


def test_scripts_of_others_are_refused_by_the_policy(page):
    refused = page.js(
        'const script = document.createElement("script");'
        'try { script.src = "https://example.org/x.js"; return "taken"; }'
        'catch (error) { return error.name; }')
    assert refused == 'TypeError'
    assert page.js(
        'try { document.body.innerHTML = "<b>x</b>"; return "taken"; }'
        'catch (error) { return error.name; }') == 'TypeError'
    assert page.driver.execute_async_script(
        'const done = arguments[0];'
        'fetch("https://example.org/").then(() => done("sent"), '
        '(error) => done(error.name))') == 'TypeError'
    page.forget_logs()  # the browser rightly complained


def test_ten_thousand_masks_keep_the_document_small(tmp_path, open_page):
    """Counts, not times: benchmarks/review_page.py measures those."""
    drawn = draw_data(tmp_path, images=100, boxes=100, score=lambda k: k / 1e4)
    summary = build_review([('mal', drawn.masks)], drawn.photos,
                           tmp_path / 'review.html', progress=False)
    assert summary.boxes == 10_000
    page = open_page(summary.out_html)

    def elements():
        return page.js('return document.querySelectorAll("*").length')

    start = elements()
    assert start < 700
    for share in (.2, .5, .9, 1, 0):
        page.js('const l = document.getElementById("list");'
                'l.scrollTop = arguments[0] * l.scrollHeight;', share)
        page.js('return new Promise((d) => requestAnimationFrame(d))')
        assert elements() < start + 40
    page.press('\ue010')  # End
    assert page.current == '10099'
    # Pictures come as they are looked at; ten thousand would be 10,000 requests.
    crops = [url for url in page.addresses() if '/crops/' in url]
    assert 0 < len(crops) < 150


def test_labels_and_contrast(page):
    """Every control has a name, and every text 4.5 : 1 against its ground."""
    unnamed = page.js('''
        return [...document.querySelectorAll('button, input, select, textarea')]
          .filter((e) => !e.closest('dialog') && e.checkVisibility())
          .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() ||
                           e.labels?.[0]?.textContent.trim()))
          .map((e) => e.id || e.outerHTML);''')
    assert unnamed == []
    for theme in ('dark', 'light'):
        page.js('document.documentElement.dataset.theme = arguments[0]', theme)
        assert page.js(_POOR_CONTRAST) == []


_POOR_CONTRAST = '''
    const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
      .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
      .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
    const ground = (e) => {
      for (; e; e = e.parentElement) {
        const colour = rgb(getComputedStyle(e).backgroundColor);
        if (colour.length < 4 || colour[3] > 0) return colour;
      }
      return [255, 255, 255];
    };
    return [...document.querySelectorAll('body *')].filter((e) =>
      e.checkVisibility() && !['OPTION', 'CANVAS'].includes(e.tagName) &&
      [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
      .map((e) => {
        const [a, b] = [light(rgb(getComputedStyle(e).color)), light(ground(e))];
        return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.outerHTML];
      }).filter(([contrast]) => contrast < 4.5);
'''


@pytest.mark.parametrize('width', [1280, 800])
def test_nothing_sticks_out_of_the_window(page, width):
    page.driver.set_window_size(width, 900)
    try:
        page.reload()
        assert page.js('return innerWidth') == width
        outside = page.js('''
            return [...document.querySelectorAll('header *, main *')].filter((e) => {
              const box = e.getBoundingClientRect();
              return e.checkVisibility() && box.width && !e.closest('#list, select') &&
                (box.right > innerWidth + 1 || box.left < -1);
            }).map((e) => e.id || e.className);''')
        assert outside == []
        decide = page.js('const a = document.querySelector("#deciding .accept")'
                         '.getBoundingClientRect(), b = document.elementFromPoint('
                         'a.x + 5, a.y + 5); return b.dataset.action')
        assert decide == 'accept'
    finally:
        page.driver.set_window_size(1280, 1500)


