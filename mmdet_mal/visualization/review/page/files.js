'use strict';
/* The file of decisions that `mal export --decisions` reads. */
(() => {
  const FORMAT = 'mal-decisions';
  const VERSION = 1;

  /** The text of a file of decisions. */
  function toText(decisions, masks) {
    const {store} = malReview;
    const entries = [...decisions.byId].sort(([a], [b]) =>
      (store.rowOfId.get(a) ?? Infinity) - (store.rowOfId.get(b) ?? Infinity));
    return JSON.stringify({
      format: FORMAT,
      version: VERSION,
      masks: {file: masks.file, sha256: masks.sha256, name: store.meta.files[0].name},
      saved: new Date().toISOString(),
      decisions: Object.fromEntries(entries),
    }, null, 1) + '\n';
  }

  /** Read a file of decisions.
   *
   * Returns {same: whether it was made for the masks of this page, name: of its
   * masks, entries: [[id, value]], unknown: number of ids that are not on the
   * page}; throws an Error that says what is wrong with the file.
   */
  function fromText(text, masks) {
    let content;
    try {
      content = JSON.parse(text);
    } catch (error) {
      throw new Error(`it is not JSON (${error.message})`);
    }
    if (!content || content.format !== FORMAT) {
      throw new Error(`its format is not ${FORMAT}; choose a file that Save wrote`);
    }
    if (content.version !== VERSION) {
      throw new Error(`it has version ${content.version}, expected ${VERSION}`);
    }
    const found = content.decisions;
    if (!found || typeof found !== 'object' || Array.isArray(found)) {
      throw new Error('it has no decisions');
    }
    const same = content.masks?.sha256 === masks.sha256;
    const entries = [];
    let unknown = 0;
    for (const [id, value] of Object.entries(found)) {
      const checked = malReview.checkDecision(value);
      if (!checked) throw new Error(`the decision on annotation ${id} is none`);
      const known = malReview.store.rowOfId.has(id);
      unknown += !known;
      // Of the same masks, those that this page leaves out are kept too.
      if (known || same) entries.push([id, checked]);
    }
    return {same, name: String(content.masks?.file ?? 'unknown'), entries, unknown};
  }

  /** Hand a text to the person as a download. */
  function download(text, name) {
    const url = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
    const link = document.createElement('a');
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  malReview.files = {toText, fromText, download};
})();
