'use strict';
/* The list of masks: only the rows in view, and a few more, are elements. */
(() => {
  const ROW_HEIGHT = 68;  // CSS pixels; style.css says the same
  const THUMBNAIL = 56;
  const OVERSCAN = 4;  // rows beyond either end of the view
  const SETTLE_MS = 60;  // pictures are loaded when scrolling pauses
  const SYMBOLS = {accept: '✓', reject: '✕', flag: '⚑'};
  const WORDS = {accept: 'accepted', reject: 'rejected', flag: 'flagged'};

  class List extends EventTarget {
    constructor(element, decisions) {
      super();
      this.element = element;
      this.space = element.firstElementChild;
      this.decisions = decisions;
      this.rows = [];
      this.cursor = -1;
      this.items = new Map();  // elements by index in the list
      this.spare = [];
      this.timer = 0;
      element.addEventListener('scroll', () => this.render(), {passive: true});
      new ResizeObserver(() => this.render()).observe(element);
      element.addEventListener('click', (event) => {
        const item = event.target.closest('[role=option]');
        if (item) {
          this.dispatchEvent(new CustomEvent('choose', {detail: item.malIndex}));
        }
      });
    }

    /** Show other rows; the cursor is an index in them. */
    setRows(rows, cursor) {
      this.rows = rows;
      this.space.style.height = `${rows.length * ROW_HEIGHT}px`;
      this.releaseAll();
      this.setCursor(cursor);
    }

    setCursor(cursor) {
      this.cursor = cursor;
      const top = cursor * ROW_HEIGHT;
      const {scrollTop, clientHeight} = this.element;
      if (cursor >= 0 && top < scrollTop) {
        this.element.scrollTop = top;
      } else if (cursor >= 0 && top + ROW_HEIGHT > scrollTop + clientHeight) {
        this.element.scrollTop = top + ROW_HEIGHT - clientHeight;
      }
      this.render();
      this.items.forEach((item) => this.mark(item));
      if (cursor >= 0) this.element.setAttribute('aria-activedescendant', `row-${cursor}`);
      else this.element.removeAttribute('aria-activedescendant');
    }

    /** Show decisions anew. */
    refresh() { this.items.forEach((item) => this.mark(item)); }

    render() {
      const {scrollTop, clientHeight} = this.element;
      const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - OVERSCAN);
      const last = Math.min(this.rows.length - 1,
        Math.floor((scrollTop + clientHeight) / ROW_HEIGHT) + OVERSCAN);
      for (const [index, item] of this.items) {
        if (index < first || index > last) this.release(index, item);
      }
      for (let index = first; index <= last; index++) {
        if (!this.items.has(index)) this.show(index);
      }
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.loadThumbnails(), SETTLE_MS);
    }

    show(index) {
      const {store} = malReview;
      const item = this.spare.pop() ?? makeItem();
      const row = this.rows[index];
      item.malIndex = index;
      item.malRow = row;
      item.malDrawn = false;
      item.id = `row-${index}`;
      item.style.transform = `translateY(${index * ROW_HEIGHT}px)`;
      item.setAttribute('aria-posinset', index + 1);
      item.setAttribute('aria-setsize', this.rows.length);
      const {canvas, name, score, file} = item.malParts;
      canvas.getContext('2d').clearRect(0, 0, canvas.width, canvas.height);
      name.textContent = store.className(row);
      const fallback = store.fallbackName(row);
      score.textContent = fallback ? `fallback: ${fallback}` :
        malReview.showNumber(store.scores[0][row], 'no score');
      score.classList.toggle('warn', fallback !== '');
      file.textContent = store.imageName(row);
      this.mark(item);
      if (!item.isConnected) this.space.append(item);
      item.hidden = false;
      this.items.set(index, item);
    }

    mark(item) {
      const decision = this.decisions.get(malReview.store.ids[item.malRow])?.decision;
      const {mark} = item.malParts;
      mark.textContent = SYMBOLS[decision] ?? '';
      mark.className = `mark ${decision ?? ''}`;
      mark.setAttribute('aria-label', WORDS[decision] ?? 'undecided');
      item.setAttribute('aria-selected', item.malIndex === this.cursor);
    }

    release(index, item) {
      this.items.delete(index);
      item.hidden = true;
      item.removeAttribute('id');
      item.malRow = -1;
      this.spare.push(item);
    }

    releaseAll() { for (const [index, item] of this.items) this.release(index, item); }

    loadThumbnails() {
      for (const item of this.items.values()) {
        if (!item.malDrawn) {
          item.malDrawn = true;
          drawThumbnail(item);
        }
      }
    }
  }

  function makeItem() {
    const item = document.createElement('div');
    item.setAttribute('role', 'option');
    item.className = 'item';
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = THUMBNAIL * Math.ceil(devicePixelRatio);
    canvas.setAttribute('aria-hidden', 'true');
    const [name, score, file, mark] = ['name', 'score', 'file', 'mark'].map((kind) => {
      const part = document.createElement('span');
      part.className = kind;
      return part;
    });
    mark.setAttribute('role', 'img');
    item.append(canvas, name, score, file, mark);
    item.malParts = {canvas, name, score, file, mark};
    return item;
  }

  async function drawThumbnail(item) {
    const {masks, pictures, loadMasks} = malReview;
    const row = item.malRow;
    let picture, found;
    try {
      [picture, found] = await Promise.all([pictures.load(row), loadMasks(row)]);
    } catch {
      return;  // the viewer says what is wrong with the folder
    }
    if (item.malRow !== row || !found.width) return;  // scrolled on meanwhile
    const {canvas} = item.malParts;
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, canvas.width, canvas.height);
    const scale = Math.min(canvas.width / found.width, canvas.height / found.height);
    const place = [(canvas.width - found.width * scale) / 2,
      (canvas.height - found.height * scale) / 2,
      found.width * scale, found.height * scale];
    if (picture) context.drawImage(picture, ...place);
    const {counts} = found.files[0];
    if (counts) {
      const bits = masks.decodeBits(counts, found.width, found.height);
      context.globalAlpha = .45;
      context.drawImage(
        masks.paint(bits, found.width, found.height, masks.colourOf(0)), ...place);
      context.globalAlpha = 1;
    }
    item.dataset.drawn = malReview.store.ids[row];
  }

  malReview.List = List;
  malReview.WORDS = WORDS;
  malReview.showNumber = (value, otherwise = '–') =>
    Number.isNaN(value) ? otherwise : value.toFixed(3);
})();
