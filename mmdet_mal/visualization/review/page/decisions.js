'use strict';
/* Decisions: kept in the browser at once, with an undo for each step. */
(() => {
  const BUCKETS = 256;
  const UNDO_STEPS = 1000;
  const VALUES = ['accept', 'reject', 'flag'];

  class Decisions extends EventTarget {
    /** @param {string} key of this page's masks in the browser's storage. */
    constructor(key) {
      super();
      this.key = key;
      this.byId = new Map();
      this.buckets = Array.from({length: BUCKETS}, () => new Set());
      this.undoSteps = [];
      this.kept = true;  // whether the browser keeps what is decided
      for (let bucket = 0; bucket < BUCKETS; bucket++) this.readBucket(bucket);
      // Another tab with the same page.
      addEventListener('storage', (event) => {
        if (event.key === null || event.key.startsWith(`${this.key}:`)) {
          for (let bucket = 0; bucket < BUCKETS; bucket++) this.readBucket(bucket);
          this.dispatchEvent(new Event('change'));
        }
      });
    }

    /** {decision, masks?, note?} of an annotation, or undefined. */
    get(id) { return this.byId.get(id); }

    /** Numbers of decisions on the masks of this page, which may show a part of
     * the file only; the others are kept and saved all the same. */
    countOnPage() {
      const counts = {accept: 0, reject: 0, flag: 0};
      for (const [id, {decision}] of this.byId) {
        if (malReview.store.rowOfId.has(id)) counts[decision]++;
      }
      return counts;
    }

    /** Apply [id, value or null] pairs as one step that undo takes back. */
    apply(changes) {
      this.undoSteps.push(changes.map(([id]) => [id, this.byId.get(id) ?? null]));
      if (this.undoSteps.length > UNDO_STEPS) this.undoSteps.shift();
      this.write(changes);
    }

    /** Take the last step back; returns an id of it, or null. */
    undo() {
      const step = this.undoSteps.pop();
      if (!step) return null;
      this.write(step);
      return step[0]?.[0] ?? null;
    }

    write(changes) {
      const touched = new Set();
      for (const [id, value] of changes) {
        this.put(id, value);
        touched.add(bucketOf(id));
      }
      touched.forEach((bucket) => this.keepBucket(bucket));
      this.dispatchEvent(new Event('change'));
    }

    put(id, value) {
      if (value) {
        this.byId.set(id, value);
        this.buckets[bucketOf(id)].add(id);
      } else {
        this.byId.delete(id);
        this.buckets[bucketOf(id)].delete(id);
      }
    }

    // A few hundred small items: each key press writes one of them, not all.
    keepBucket(bucket) {
      const key = `${this.key}:${bucket}`;
      const entries = [...this.buckets[bucket]].map((id) => [id, this.byId.get(id)]);
      try {
        if (entries.length) localStorage.setItem(key, JSON.stringify(entries));
        else localStorage.removeItem(key);
      } catch {
        this.kept = false;
      }
    }

    readBucket(bucket) {
      let entries = [];
      try {
        entries = JSON.parse(localStorage.getItem(`${this.key}:${bucket}`) ?? '[]');
      } catch (error) {
        if (!(error instanceof SyntaxError)) this.kept = false;
      }
      [...this.buckets[bucket]].forEach((id) => this.put(id, null));
      for (const [id, value] of Array.isArray(entries) ? entries : []) {
        const checked = checkValue(value);
        if (typeof id === 'string' && checked) this.put(id, checked);
      }
    }
  }

  function bucketOf(id) {
    let hash = 0;
    for (let i = 0; i < id.length; i++) hash = (hash * 31 + id.charCodeAt(i)) | 0;
    return (hash >>> 0) % BUCKETS;
  }

  /** A decision with its known keys only, or null if it is none. */
  function checkValue(value) {
    if (!value || typeof value !== 'object' || !VALUES.includes(value.decision)) {
      return null;
    }
    const checked = {decision: value.decision};
    for (const key of ['masks', 'note']) {
      if (value[key] === undefined || value[key] === '') continue;
      if (typeof value[key] !== 'string') return null;
      checked[key] = value[key];
    }
    return checked;
  }

  malReview.Decisions = Decisions;
  malReview.checkDecision = checkValue;
})();
