'use strict';
/* What the page knows of the masks.  Pages of file:// cannot fetch, so data come
 * as scripts that call malReview.receive.  Rows are in the order of the build:
 * worst score first. */
globalThis.malReview = (() => {
  const FOLDER = document.currentScript.src.replace(/[^/]*$/, '');
  const DATA_NAME = /^(meta|(rows|images|masks)_\d+)$/;
  const KEPT_FILES = 200;  // of masks, some 20 KB each

  // The only place of the page that makes an address of a script.
  const toUrl = (name) => {
    if (!DATA_NAME.test(name)) throw new TypeError(`no data file: ${name}`);
    return `${FOLDER}data/${name}.js`;
  };
  const policy = globalThis.trustedTypes
    ? globalThis.trustedTypes.createPolicy('mal-data', {createScriptURL: toUrl})
    : {createScriptURL: toUrl};

  const parts = new Map();
  const receive = {
    meta: (value) => parts.set('meta', value),
    images: (number, value) => parts.set(`images_${number}`, value),
    rows: (number, value) => parts.set(`rows_${number}`, value),
    masks: (number, value) => parts.set(`masks_${number}`, value),
  };

  /** Load a data file; resolves with what it holds. */
  function loadPart(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      script.src = policy.createScriptURL(name);
      script.onload = script.onerror = () => {
        script.remove();
        const value = parts.get(name);
        parts.delete(name);
        if (value === undefined) {
          reject(new Error(`${name}.js in the page's folder cannot be read: ` +
            'copy the folder along with the page, or build the page again'));
        } else {
          resolve(value);
        }
      };
      document.head.append(script);
    });
  }

  const files = (count, size) => Math.ceil(count / size);
  const numbers = (values) => values.map((value) => value === null ? NaN : value);

  const store = {
    meta: null,
    count: 0,  // rows that have been loaded

    /** Load everything but masks and pictures; calls `onRows` after each part. */
    async start(onMeta, onRows) {
      const meta = this.meta = await loadPart('meta');
      const n = meta.rows;
      this.ids = new Array(n);
      this.rowOfId = new Map();
      for (const name of ['slot', 'position', 'image', 'cls', 'area', 'fallback']) {
        this[name] = new Int32Array(n);
      }
      this.size = new Uint8Array(n);
      this.picture = new Uint8Array(n);
      this.box = new Float64Array(4 * n);
      this.window = new Array(n);
      this.scores = meta.files.map(() => new Float64Array(n));
      this.ious = meta.files.slice(1).map(() => new Float64Array(n));
      this.rowOfSlot = new Int32Array(n).fill(-1);
      this.imageNames = [];
      this.imageIds = [];
      onMeta(meta);
      for (let i = 0; i < files(meta.images, meta.imagesAFile); i++) {
        for (const [name, id] of await loadPart(`images_${i}`)) {
          this.imageNames.push(name);
          this.imageIds.push(id);
        }
      }
      for (let i = 0; i < files(n, meta.rowsAFile); i++) {
        this.addRows(i * meta.rowsAFile, await loadPart(`rows_${i}`));
        onRows(this.count === n);
      }
      if (n === 0) onRows(true);
    },

    addRows(first, part) {
      part.id.forEach((id, i) => {
        const row = first + i;
        this.ids[row] = id;
        this.rowOfId.set(id, row);
        this.rowOfSlot[part.slot[i]] = row;
        this.box.set(part.box[i], 4 * row);
        this.window[row] = part.window[i];
      });
      for (const name of ['slot', 'position', 'image', 'cls', 'size', 'area',
        'fallback', 'picture']) {
        this[name].set(part[name], first);
      }
      part.scores.forEach((values, k) => this.scores[k].set(numbers(values), first));
      part.ious.forEach((values, k) => this.ious[k].set(numbers(values), first));
      this.count = first + part.id.length;
    },

    className(row) { return this.meta.classes[this.cls[row]]; },
    imageName(row) { return this.imageNames[this.image[row]] ?? ''; },
    imageId(row) { return this.imageIds[this.image[row]] ?? ''; },
    fallbackName(row) { return this.meta.fallbacks[this.fallback[row]] ?? ''; },

    /** Address of the picture of a row. */
    pictureUrl(row) {
      const slot = this.slot[row];
      return `${FOLDER}crops/${Math.floor(slot / 1000)}/${slot}.jpg`;
    },

    /** Other rows of the same image, nearest in the file first. */
    neighbours(row) {
      const found = [];
      if (this.image[row] < 0) return found;
      for (const step of [1, -1]) {
        for (let slot = this.slot[row] + step; ; slot += step) {
          const other = this.rowOfSlot[slot] ?? -1;
          if (other < 0 || this.image[other] !== this.image[row]) break;
          found.push(other);
        }
      }
      return found;
    },
  };

  const kept = new Map();  // promises by file number, the last used last

  /** The masks of a row: {width, height, files: [{counts, outside, details}]}. */
  async function loadMasks(row) {
    const size = store.meta.masksAFile;
    const number = Math.floor(store.slot[row] / size);
    const part = kept.get(number) ?? loadPart(`masks_${number}`);
    kept.delete(number);
    kept.set(number, part);
    part.catch(() => kept.delete(number));
    if (kept.size > KEPT_FILES) kept.delete(kept.keys().next().value);
    const [width, height, found] = (await part)[store.slot[row] % size];
    return {
      width,
      height,
      files: found.map(([counts, outside, details]) => ({counts, outside, details})),
    };
  }

  return {receive, store, loadMasks};
})();
