'use strict';
/* What is known of the mask in view, and the note of its decision. */
(() => {
  const SIZES = ['small', 'medium', 'large'];
  const byId = (id) => document.getElementById(id);

  /** Show the facts of a row; -1 for none. */
  async function show(row, decision) {
    const {store, showNumber, WORDS} = malReview;
    byId('details').hidden = row < 0;
    if (row < 0) return;
    byId('detail-class').textContent = store.className(row);
    const state = byId('detail-decision');
    state.textContent = decision ? WORDS[decision.decision] : 'undecided';
    if (decision?.masks) state.textContent += `: mask of ${decision.masks}`;
    state.className = decision?.decision ?? '';
    const note = byId('note');
    if (document.activeElement !== note) note.value = decision?.note ?? '';
    const [x, y, width, height] = store.box.subarray(4 * row, 4 * row + 4);
    const facts = [
      ['Score', showNumber(store.scores[0][row])],
      ...store.ious.map((ious, k) =>
        [`IoU with ${store.meta.files[k + 1].name}`, showNumber(ious[row])]),
      ['Box', `${tidy(width)} × ${tidy(height)} px at ${tidy(x)}, ${tidy(y)}`],
      ['Size', SIZES[store.size[row]]],
      ['Mask', `${store.area[row]} px`],
      ['Image', store.imageName(row) || 'unknown'],
      ['Image id', store.imageId(row) || 'unknown'],
      ['Annotation', store.ids[row]],
    ];
    put(facts);
    try {
      const found = await malReview.loadMasks(row);
      if (byId('detail-list').malRow !== row) return;
      found.files[0].details.forEach(([key, value]) => facts.push([key, value]));
      put(facts);
    } catch {
      // The viewer says what is wrong with the folder.
    }

    function put(pairs) {
      const list = byId('detail-list');
      list.malRow = row;
      list.replaceChildren(...pairs.map(([key, value]) => {
        const [pair, term, text] = ['div', 'dt', 'dd'].map((name) =>
          document.createElement(name));
        term.textContent = key;
        text.textContent = value;
        pair.append(term, text);
        return pair;
      }));
    }
  }

  const tidy = (value) => Math.round(value * 10) / 10;

  malReview.details = {show};
})();
