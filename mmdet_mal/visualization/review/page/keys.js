'use strict';
/* Keys and buttons of one table, which is also what the help shows. */
(() => {
  /** Bind actions to keys and to buttons with data-action, and fill the help.
   *
   * @param {Array<[group, name, keys, words, run]>} actions; keys as
   *   KeyboardEvent.key gives them, with Ctrl+ or Shift+ before where needed.
   */
  function bind(actions) {
    const byKey = new Map();
    const byName = new Map();
    for (const [, name, keys, , run] of actions) {
      byName.set(name, run);
      keys.forEach((key) => byKey.set(key, run));
    }
    document.addEventListener('keydown', (event) => {
      const run = byKey.get(nameOf(event));
      if (!run || isBusy(event)) return;
      event.preventDefault();
      run(event);
    });
    document.addEventListener('click', (event) => {
      const button = event.target.closest?.('[data-action]');
      if (button) byName.get(button.dataset.action)?.(event);
    });
    fillHelp(actions);
  }

  function nameOf(event) {
    let key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // On a keyboard of another script, the key in the place of the letter.
    if (/^[^\0-\x7f]$/.test(key) && /^Key[A-Z]$/.test(event.code)) {
      key = event.code[3].toLowerCase();
    }
    const letter = key.length === 1 && key >= 'a' && key <= 'z';
    return (event.ctrlKey || event.metaKey ? 'Ctrl+' : '') +
      (event.altKey ? 'Alt+' : '') + (event.shiftKey && letter ? 'Shift+' : '') + key;
  }

  /** Whether the key belongs to the element or the dialog that has the focus. */
  function isBusy(event) {
    const {target} = event;
    if (document.querySelector('dialog[open]')) return true;
    if (event.ctrlKey || event.metaKey) {
      return event.key !== 's' && target.matches?.('input, textarea');
    }
    if (target.matches?.('textarea, select, input:not([type=checkbox]):not([type=range])')) {
      if (event.key === 'Escape') target.blur();
      return true;
    }
    if (target.matches?.('input[type=range]')) return /^(Arrow|Page|Home|End)/.test(event.key);
    return target.matches?.('button, summary, input') &&
      (event.key === ' ' || event.key === 'Enter');
  }

  const SHOWN = {ArrowDown: '↓', ArrowUp: '↑', ArrowRight: '→', ArrowLeft: '←',
    ' ': 'Space', PageDown: 'Page ↓', PageUp: 'Page ↑'};

  function fillHelp(actions) {
    const groups = new Map();
    for (const [group, , keys, words] of actions) {
      if (!words) continue;
      if (!groups.has(group)) groups.set(group, []);
      groups.get(group).push([keys, words]);
    }
    document.getElementById('help-keys').replaceChildren(
      ...[...groups].map(([group, entries]) => {
        const table = document.createElement('table');
        table.createCaption().textContent = group;
        for (const [keys, words] of entries) {
          const line = table.insertRow();
          const cell = line.insertCell();
          for (const key of keys) {
            const element = document.createElement('kbd');
            element.textContent = SHOWN[key] ??
              (key.length === 1 ? key.toUpperCase() : key.replace(/\+(\w)$/, (_, k) =>
                `+${k.toUpperCase()}`));
            cell.append(element, ' ');
          }
          line.insertCell().textContent = words;
        }
        return table;
      }));
  }

  malReview.keys = {bind};
})();
