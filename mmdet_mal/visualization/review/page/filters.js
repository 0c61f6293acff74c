'use strict';
/* Which masks are listed, and in which order. */
(() => {
  const byId = (id) => document.getElementById(id);
  const NO_BOUND = {low: -Infinity, high: Infinity};

  class Filters extends EventTarget {
    constructor(decisions) {
      super();
      this.decisions = decisions;
      const changed = () => this.dispatchEvent(new Event('change'));
      byId('order').addEventListener('change', () => this.dispatchEvent(new Event('order')));
      for (const id of ['filter-class', 'filter-decision', 'filter-mask', 'filter-size-0', 'filter-size-1', 'filter-size-2']) {
        byId(id).addEventListener('change', changed);
      }
      for (const id of ['filter-text', 'filter-low', 'filter-high']) {
        byId(id).addEventListener('input', changed);
      }
    }

    /** Offer the orders that the files of the page allow. */
    setMeta(meta) {
      const orders = [['worst', 'worst score first'], ['best', 'best score first']];
      meta.files.slice(1).forEach((file, k) =>
        orders.push([`iou-${k}`, `lowest IoU with ${file.name} first`]));
      orders.push(['small', 'small boxes first'], ['large', 'large boxes first'],
        ['file', 'as in the file']);
      fill(byId('order'), orders);
    }

    /** Offer the classes and kinds of masks that there are, with counts. */
    setRows() {
      const {store} = malReview;
      const classes = new Map();
      const kinds = new Map();
      for (let row = 0; row < store.count; row++) {
        add(classes, store.cls[row]);
        add(kinds, store.fallback[row]);
      }
      const {classes: names, fallbacks} = store.meta;
      const chosen = [...classes.keys()].sort((a, b) =>
        names[a].localeCompare(names[b]));
      fill(byId('filter-class'), [['all', `all (${store.count})`],
        ...chosen.map((k) => [k, `${names[k]} (${classes.get(k)})`])]);
      const sound = kinds.get(-1) ?? 0;
      fill(byId('filter-mask'), [['all', 'any'], ['sound', `labelled (${sound})`],
        ['fallback', `every fallback (${store.count - sound})`],
        ...fallbacks.map((name, k) => [k, `${name} (${kinds.get(k) ?? 0})`])]);
    }

    /** Whether a decision can move a mask into the list or out of it. */
    get heedsDecisions() {
      return byId('filter-decision').value !== 'all' || byId('filter-text').value !== '';
    }

    reset() {
      for (const id of ['filter-text', 'filter-low', 'filter-high']) byId(id).value = '';
      for (const id of ['filter-class', 'filter-decision', 'filter-mask']) {
        byId(id).value = 'all';
      }
      for (const k of [0, 1, 2]) byId(`filter-size-${k}`).checked = true;
      this.dispatchEvent(new Event('change'));
    }

    /** Rows that pass, in the chosen order. */
    rows() {
      const tests = this.tests();
      const {store} = malReview;
      const found = [];
      for (let row = 0; row < store.count; row++) {
        if (tests.every((test) => test(row))) found.push(row);
      }
      byId('filter-note').textContent =
        tests.length ? `(${tests.length} active)` : '';
      const key = sortKey(byId('order').value || 'worst');
      // Equal keys stay in the order of the rows; masks without a key come last.
      return key ? found.map((row) => [key(row), row])
        .sort(([a, i], [b, j]) => isNaN(a) - isNaN(b) || a - b || i - j)
        .map(([, row]) => row) : found;
    }

    tests() {
      const {store} = malReview;
      const tests = [];
      const cls = byId('filter-class').value;
      if (cls !== 'all' && cls !== '') tests.push((row) => store.cls[row] === +cls);
      const mask = byId('filter-mask').value;
      if (mask === 'sound') tests.push((row) => store.fallback[row] < 0);
      else if (mask === 'fallback') tests.push((row) => store.fallback[row] >= 0);
      else if (mask !== 'all' && mask !== '') {
        tests.push((row) => store.fallback[row] === +mask);
      }
      const sizes = [0, 1, 2].map((k) => byId(`filter-size-${k}`).checked);
      if (!sizes.every(Boolean)) tests.push((row) => sizes[store.size[row]]);
      const low = bound('filter-low', NO_BOUND.low);
      const high = bound('filter-high', NO_BOUND.high);
      if (low !== NO_BOUND.low || high !== NO_BOUND.high) {
        // A mask without a score is in no range of scores.
        tests.push((row) => store.scores[0][row] >= low && store.scores[0][row] <= high);
      }
      const decision = decisionTest(byId('filter-decision').value);
      if (decision) {
        tests.push((row) => decision(this.decisions.get(store.ids[row])));
      }
      const text = byId('filter-text').value.trim().toLowerCase();
      if (text) tests.push((row) => this.matches(row, text));
      return tests;
    }

    matches(row, text) {
      const {store} = malReview;
      return [store.className(row), store.imageName(row), store.ids[row],
        store.imageId(row), this.decisions.get(store.ids[row])?.note ?? '',
      ].some((value) => value.toLowerCase().includes(text));
    }
  }

  function add(counts, key) { counts.set(key, (counts.get(key) ?? 0) + 1); }

  /** Fill a <select>; what was chosen stays chosen. */
  function fill(select, options) {
    const chosen = select.value;
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    if (options.some(([value]) => String(value) === chosen)) select.value = chosen;
  }

  function bound(id, otherwise) {
    const value = byId(id).valueAsNumber;
    return isNaN(value) ? otherwise : value;
  }

  function decisionTest(name) {
    switch (name) {
      case 'undecided': return (found) => !found;
      case 'decided': return (found) => Boolean(found);
      case 'note': return (found) => Boolean(found?.note);
      case 'all': case '': return null;
      default: return (found) => found?.decision === name;
    }
  }

  function sortKey(order) {
    const {store} = malReview;
    const area = (row) => store.box[4 * row + 2] * store.box[4 * row + 3];
    if (order.startsWith('iou-')) return (row) => store.ious[+order.slice(4)][row];
    switch (order) {
      case 'best': return (row) => -store.scores[0][row];
      case 'small': return area;
      case 'large': return (row) => -area(row);
      case 'file': return (row) => store.position[row];
      default: return null;
    }
  }

  malReview.Filters = Filters;
})();
