'use strict';
/* Puts the parts of the page together. */
(() => {
  const {store, Decisions, Filters, List, Viewer, details, keys, files, WORDS} = malReview;
  const byId = (id) => document.getElementById(id);
  const AHEAD = 3;  // masks after this one that are loaded beforehand
  const VIEW_KEY = 'mal-review:view';
  const THEME_KEY = 'mal-review:theme';

  const settings = {fill: true, opacity: 45, outline: true, box: true, others: false,
    beside: true, goOn: true, ...remembered(VIEW_KEY)};
  let decisions, filters, list, viewer;
  let rows = [];      // listed now
  let cursor = -1;    // index in them
  let unsaved = 0;    // changes since the last save

  // ------------------------------------------------------------------ start
  setTheme(remembered(THEME_KEY));
  store.start(onMeta, onRows).catch((error) => warn(error.message));

  function onMeta(meta) {
    const {sha256, file} = meta.masks;
    byId('masks-name').textContent = file;
    document.title = `Review: ${file}`;
    decisions = new Decisions(`mal-review:${sha256}`);
    filters = new Filters(decisions);
    filters.setMeta(meta);
    list = new List(byId('list'), decisions);
    viewer = new Viewer(byId('panes'), settings);
    viewer.setMeta(meta);
    viewer.onZoom = (zoom) => {
      byId('zoom-value').textContent = `${Math.round(100 * zoom)} %`;
    };
    viewer.onChoose = choose;
    byId('beside').hidden = meta.files.length < 2;
    byId('help-facts').textContent = [
      `${meta.rows} masks of ${meta.images} images, made ${meta.built}.`,
      meta.leftOut ? `${meta.leftOut} better masks were left out.` : '',
      meta.crowds ? `${meta.crowds} crowd regions are not reviewed.` : '',
    ].filter(Boolean).join(' ');
    filters.addEventListener('change', () => filter());
    // Whoever wants another order wants to see what comes first in it.
    filters.addEventListener('order', () => {
      cursor = -1;
      filter();
    });
    decisions.addEventListener('change', onDecisions);
    list.addEventListener('choose', ({detail}) => go(detail));
    bindActions();
    listen();
    showSettings();
    if (innerWidth < 1000) byId('filter-box').open = false;
  }

  function onRows(complete) {
    filters.setRows();
    filter();
    showProgress();
    if (complete) {
      goOnWhereItWas();
      document.documentElement.dataset.ready = 'yes';
    }
    if (!decisions.kept) warnOfStorage();
  }

  /** Begin with the first undecided mask, unless the person has moved already. */
  function goOnWhereItWas() {
    const open = rows.findIndex((row) => !decisions.get(store.ids[row]));
    if (cursor === 0 && open > 0) go(open);
  }

  // ------------------------------------------------------------ moving about
  /** List what passes the filter; the cursor stays on its mask, or its place. */
  function filter(wanted = rows[cursor]) {
    rows = filters.rows();
    const index = rows.indexOf(wanted);
    cursor = index >= 0 ? index : Math.min(Math.max(cursor, 0), rows.length - 1);
    byId('list-count').textContent = rows.length === store.meta.rows ?
      `${rows.length} masks` : `${rows.length} of ${store.meta.rows}`;
    byId('empty').hidden = rows.length > 0;
    list.setRows(rows, cursor);
    showRow();
  }

  function go(index) {
    if (!rows.length) return;
    const wanted = Math.min(rows.length - 1, Math.max(0, index));
    if (wanted === cursor && index !== cursor) {
      announce(index < 0 ? 'This is the first mask.' : 'This is the last mask.');
    }
    cursor = wanted;
    list.setCursor(cursor);
    showRow();
  }

  function showRow() {
    const row = rows[cursor] ?? -1;
    const decision = row < 0 ? undefined : decisions.get(store.ids[row]);
    viewer.show(row, fileOf(decision)).catch((error) => warn(error.message));
    details.show(row, decision);
    showButtons(decision);
    for (let k = 1; k <= AHEAD && cursor + k < rows.length; k++) {
      malReview.pictures.load(rows[cursor + k]);
      malReview.loadMasks(rows[cursor + k]).catch(() => {});
    }
  }

  /** Position of the label file that a decision chose, else of the first. */
  function fileOf(decision) {
    const names = store.meta.files.map(({name}) => name);
    return Math.max(0, decision?.masks ? names.indexOf(decision.masks) : 0);
  }

  function nextUndecided() {
    for (let step = 1; step <= rows.length; step++) {
      const index = (cursor + step) % rows.length;
      if (!decisions.get(store.ids[rows[index]])) return go(index);
    }
    announce('Every mask in the list is decided.');
  }

  // --------------------------------------------------------------- deciding
  function decide(decision) {
    const row = rows[cursor];
    if (row === undefined) return;
    const id = store.ids[row];
    const before = decisions.get(id);
    const value = decision && {decision};
    if (value && before?.note) value.note = before.note;
    if (value && store.meta.files.length > 1) {
      value.masks = store.meta.files[viewer.chosen].name;
    }
    unsaved++;
    decisions.apply([[id, value]]);
    announce(`${decision ? WORDS[decision] : 'undecided'}: ${store.className(row)}, ` +
      `annotation ${id}`);
    // A mask that the filter now hides has made room for the next one.
    if (decision && settings.goOn && rows[cursor] === row) {
      go(Math.min(cursor + 1, rows.length - 1));
    }
  }

  function setNote(text) {
    const row = rows[cursor];
    if (row === undefined) return;
    const id = store.ids[row];
    const before = decisions.get(id);
    if (!before && !text || (before?.note ?? '') === text) return;
    const value = {...(before ?? {decision: 'flag'})};
    delete value.note;
    if (text) value.note = text;
    unsaved++;
    decisions.apply([[id, value]]);
  }

  function undo() {
    const id = decisions.undo();
    if (id === null) return announce('Nothing to undo.');
    unsaved++;
    showProgress();
    const row = store.rowOfId.get(id);
    const index = rows.indexOf(row);
    if (index >= 0) go(index);
    announce(`Undone: annotation ${id}`);
  }

  async function acceptAll() {
    const open = rows.filter((row) => !decisions.get(store.ids[row]));
    if (!open.length) return announce('Every mask in the list is decided.');
    const question = `Accept all ${open.length} undecided masks of the list? ` +
      'One undo takes it back.';
    if (!await ask(question)) return;
    const {name} = store.meta.files[0];
    const value = store.meta.files.length > 1 ? {decision: 'accept', masks: name} :
      {decision: 'accept'};
    unsaved += open.length;
    decisions.apply(open.map((row) => [store.ids[row], value]));
    announce(`${open.length} masks accepted`);
  }

  /** Choose the label file whose mask is meant. */
  function choose(k) {
    if (k >= store.meta.files.length || rows[cursor] === undefined) return;
    viewer.show(rows[cursor], k);
    announce(`Mask of ${store.meta.files[k].name}`);
  }

  function onDecisions() {
    if (filters.heedsDecisions) filter();
    else {
      list.refresh();
      const row = rows[cursor];
      if (row !== undefined) {
        const decision = decisions.get(store.ids[row]);
        details.show(row, decision);
        showButtons(decision);
      }
    }
    showProgress();
    if (!decisions.kept) warnOfStorage();
  }

  // ------------------------------------------------------------ save and load
  function save() {
    const {file} = store.meta.masks;
    files.download(files.toText(decisions, store.meta.masks),
      `${file.replace(/\.json$/i, '')}.decisions.json`);
    unsaved = 0;
    showProgress();
    announce('Decisions saved to a file.');
  }

  async function load(file) {
    let found;
    try {
      found = files.fromText(await file.text(), store.meta.masks);
    } catch (error) {
      return warn(`${file.name}: ${error.message}.`);
    }
    const other = !found.same && found.entries.length;
    if (other && !await ask(`${file.name} was made for other masks (${found.name}). ` +
        `Take its ${found.entries.length} decisions on annotations of this page?`)) return;
    decisions.apply(found.entries);
    const odd = found.unknown ? `; ${found.unknown} are not on this page` : '';
    announce(`${found.entries.length} decisions loaded${odd}`);
    if (!found.entries.length) warn(`${file.name}: no decision is about this page's masks.`);
  }

  // ---------------------------------------------------------------- showing
  function showProgress() {
    const counts = decisions.countOnPage();
    const total = store.meta.rows;
    const done = counts.accept + counts.reject + counts.flag;
    const bar = byId('progress-bar');
    bar.setAttribute('aria-valuemax', total);
    bar.setAttribute('aria-valuenow', done);
    for (const part of bar.children) {
      part.style.width = `${100 * counts[part.className] / Math.max(total, 1)}%`;
    }
    byId('progress-text').textContent = `${done} of ${total} decided: ` +
      `${counts.accept} accepted, ${counts.reject} rejected, ${counts.flag} flagged`;
    byId('unsaved').hidden = unsaved === 0;
  }

  function showButtons(decision) {
    for (const name of ['accept', 'reject', 'flag']) {
      document.querySelector(`#deciding [data-action=${name}]`)
        .setAttribute('aria-pressed', decision?.decision === name);
    }
  }

  function showSettings() {
    for (const button of document.querySelectorAll('[data-toggle]')) {
      button.setAttribute('aria-pressed', settings[button.dataset.toggle]);
    }
    byId('opacity').value = settings.opacity;
    byId('go-on').checked = settings.goOn;
    remember(VIEW_KEY, settings);
    viewer.draw();
    if (settings.others) viewer.loadOthers();
  }

  function toggle(name) {
    settings[name] = !settings[name];
    showSettings();
  }

  function setOpacity(value) {
    settings.opacity = Math.min(100, Math.max(0, value));
    settings.fill = true;
    showSettings();
  }

  function setTheme(theme) {
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  }

  function switchTheme() {
    const now = document.documentElement.dataset.theme ??
      (matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark');
    setTheme(now === 'dark' ? 'light' : 'dark');
    remember(THEME_KEY, document.documentElement.dataset.theme);
  }

  function announce(text) { byId('status').textContent = text; }

  function warn(text) {
    byId('warning').textContent = text;
    byId('warning').hidden = false;
  }

  function warnOfStorage() {
    warn('This browser does not keep the decisions (its storage is full or switched ' +
      'off): press Save often, and before you close the page.');
  }

  /** Ask a question; resolves with the answer. */
  function ask(question) {
    const dialog = byId('ask');
    byId('ask-text').textContent = question;
    dialog.returnValue = '';
    dialog.showModal();
    byId('ask-yes').onclick = () => dialog.close('yes');
    byId('ask-no').onclick = () => dialog.close('no');
    return new Promise((resolve) => {
      dialog.onclose = () => resolve(dialog.returnValue === 'yes');
    });
  }

  function remember(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Only a setting of the view; the next start has the usual one.
    }
  }

  function remembered(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  }

  // ---------------------------------------------------------------- binding
  function bindActions() {
    const files_ = store.meta.files;
    keys.bind([
      ['Decide', 'accept', ['a'], 'accept', () => decide('accept')],
      ['Decide', 'reject', ['r'], 'reject', () => decide('reject')],
      ['Decide', 'flag', ['f'], 'flag for a second look', () => decide('flag')],
      ['Decide', 'clear', ['c'], 'take the decision back', () => decide(null)],
      ['Decide', 'undo', ['u', 'Ctrl+z'], 'undo the last step', undo],
      ['Decide', 'note', ['n'], 'write a note', () => byId('note').focus()],
      ['Decide', 'accept-all', ['Shift+a'],
        'accept all undecided masks of the list', acceptAll],
      ['Move', 'next', ['j', 'ArrowDown', 'ArrowRight'], 'next mask', () => go(cursor + 1)],
      ['Move', 'previous', ['k', 'ArrowUp', 'ArrowLeft'], 'previous mask',
        () => go(cursor - 1)],
      ['Move', 'undecided', [' '], 'next undecided mask', nextUndecided],
      ['Move', 'page-down', ['PageDown'], 'ten on', () => go(cursor + 10)],
      ['Move', 'page-up', ['PageUp'], 'ten back', () => go(cursor - 10)],
      ['Move', 'first', ['Home'], 'first mask', () => go(0)],
      ['Move', 'last', ['End'], 'last mask', () => go(rows.length - 1)],
      ['Move', 'search', ['/'], 'search', () => {
        byId('filter-box').open = true;
        byId('filter-text').select();
      }],
      ['View', 'zoom', ['z'], 'close-up, or fit again', () => viewer.toggleZoom()],
      ['View', 'zoom-in', ['+', '='], 'zoom in', () => viewer.zoomBy(1.25)],
      ['View', 'zoom-out', ['-'], 'zoom out', () => viewer.zoomBy(.8)],
      ['View', 'fit', ['0'], 'fit', () => viewer.fit()],
      ['View', 'outline', ['o'], 'outline', () => toggle('outline')],
      ['View', 'fill', ['m'], 'fill of the mask', () => toggle('fill')],
      ['View', 'fainter', ['['], 'fainter fill', () => setOpacity(settings.opacity - 10)],
      ['View', 'stronger', [']'], 'stronger fill', () => setOpacity(settings.opacity + 10)],
      ['View', 'box', ['b'], 'box', () => toggle('box')],
      ['View', 'others', ['t'], 'other masks of the image', () => toggle('others')],
      ...files_.length < 2 ? [] : [
        ['View', 'beside', ['s'], 'label files side by side', () => toggle('beside')],
        ...files_.slice(0, 9).map((file, k) =>
          ['View', `file-${k}`, [`${k + 1}`], `the mask of ${file.name}`, () => choose(k)]),
      ],
      ['Page', 'save', ['Ctrl+s'], 'save the decisions to a file', save],
      ['Page', 'load', [], '', () => byId('decisions-file').click()],
      ['Page', 'reset', [], '', () => filters.reset()],
      ['Page', 'theme', [], '', switchTheme],
      ['Page', 'help', ['?'], 'this help', () => byId('help').showModal()],
    ]);
  }

  function listen() {
    document.addEventListener('click', (event) => {
      const name = event.target.closest?.('[data-toggle]')?.dataset.toggle;
      if (name) toggle(name);
      if (event.target.matches?.('[data-close]')) byId('help').close();
    });
    byId('opacity').addEventListener('input', (event) =>
      setOpacity(event.target.valueAsNumber));
    byId('go-on').addEventListener('change', (event) => {
      settings.goOn = event.target.checked;
      showSettings();
    });
    byId('note').addEventListener('change', (event) => setNote(event.target.value.trim()));
    byId('decisions-file').addEventListener('change', ({target}) => {
      if (target.files[0]) load(target.files[0]);
      target.value = '';  // so that the same file may be chosen again
    });
    byId('help').addEventListener('keydown', (event) => {
      if (event.key !== '?') return;
      event.stopPropagation();  // or it would open again
      byId('help').close();
    });
    addEventListener('beforeunload', (event) => {
      if (unsaved && !decisions.kept) event.preventDefault();
    });
  }
})();
