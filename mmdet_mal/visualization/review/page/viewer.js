'use strict';
/* The mask in large: one pane a label file, zoomed and moved together. */
(() => {
  const MOST_PIXELS = 40;  // CSS pixels that a pixel of the image may become
  const LEAST_ZOOM = .5;   // of the size that fits
  const CLOSE_UP = 3;
  const FIT_MARGIN = .94;  // share of the pane that a view fills
  const SHARP_FROM = 4;    // enlarged more than this, pixels are squares

  class Viewer {
    /** @param {object} settings with fill, opacity, outline, box, others, beside */
    constructor(element, settings) {
      this.element = element;
      this.settings = settings;
      this.panes = [];
      this.row = -1;
      this.chosen = 0;
      this.zoom = 1;
      this.centre = [0, 0];
      this.shown = null;   // what is loaded of the row
      this.others = [];
      this.frame = 0;
      this.onZoom = () => {};
      this.onChoose = () => {};
      new ResizeObserver(() => this.draw()).observe(element);
    }

    setMeta(meta) {
      this.panes = meta.files.map((file, k) => this.makePane(file, k, meta.files.length));
      this.element.replaceChildren(...this.panes.map(({figure}) => figure));
    }

    makePane(file, k, count) {
      const figure = document.createElement('figure');
      const caption = document.createElement('figcaption');
      const name = document.createElement(count > 1 ? 'button' : 'span');
      if (count > 1) {
        name.type = 'button';
        name.title = `Key ${k + 1}: accept the mask of this file`;
        name.addEventListener('click', () => this.onChoose(k));
      }
      const key = count > 1 ? `${k + 1} ` : '';
      name.append(key, Object.assign(document.createElement('bdi'),
        {textContent: file.name}));
      name.style.borderColor = malReview.masks.css(malReview.masks.colourOf(k));
      const facts = document.createElement('span');
      const canvas = document.createElement('canvas');
      canvas.setAttribute('role', 'img');
      caption.append(name, facts);
      const board = document.createElement('div');
      board.className = 'board';
      board.append(canvas);
      figure.append(caption, board);
      this.listen(canvas);
      return {figure, name, facts, canvas, file};
    }

    /** Show a row, -1 for none; resolves when its picture and mask are there. */
    async show(row, chosen = 0) {
      const same = row === this.row;
      this.row = row;
      this.chosen = chosen;
      this.element.hidden = row < 0;
      if (same || row < 0) {
        this.draw();
        return;
      }
      this.zoom = 1;
      const {store, loadMasks, pictures} = malReview;
      const window_ = store.window[row];
      this.centre = window_ ? [(window_[0] + window_[2]) / 2,
        (window_[1] + window_[3]) / 2] : [0, 0];
      const [picture, found] = await Promise.all([pictures.load(row), loadMasks(row)]);
      if (this.row !== row) return;
      this.shown = {row, picture, found, masks: found.files.map((file, k) =>
        prepare(file, found, malReview.masks.colourOf(k)))};
      this.others = [];
      this.draw();
      this.onZoom(this.zoom);
      if (this.settings.others) await this.loadOthers();
    }

    /** Load the other masks of the image, and draw. */
    async loadOthers() {
      const {row} = this;
      if (row < 0 || this.others.length) return;
      const {store, loadMasks, masks} = malReview;
      const [x0, y0, x1, y1] = store.window[row] ?? [0, 0, 0, 0];
      const near = store.neighbours(row).filter((other) => {
        const [a, b, c, d] = store.window[other] ?? [0, 0, 0, 0];
        return a < x1 && c > x0 && b < y1 && d > y0;
      });
      const loaded = await Promise.all(near.map(async (other) => {
        const found = await loadMasks(other);
        return {window: store.window[other], width: found.width,
          mask: prepare(found.files[0], found, masks.NEIGHBOUR_COLOUR)};
      }));
      if (this.row !== row) return;
      this.others = loaded.filter(({mask}) => mask);
      this.draw();
    }

    get panesShown() {
      return this.settings.beside ? this.panes : [this.panes[this.chosen]];
    }

    /** Draw in the next frame. */
    draw() {
      if (!this.frame) {
        this.frame = requestAnimationFrame(() => {
          this.frame = 0;
          this.drawNow();
        });
      }
    }

    drawNow() {
      const shown = this.panesShown;
      this.panes.forEach((pane, k) => {
        pane.figure.hidden = !shown.includes(pane);
        pane.figure.classList.toggle('chosen', this.panes.length > 1 && k === this.chosen);
        if (this.panes.length > 1) pane.name.setAttribute('aria-pressed', k === this.chosen);
      });
      if (this.row < 0) return;
      shown.forEach((pane) => this.drawPane(pane, this.panes.indexOf(pane)));
      this.element.dataset.shown = this.shown?.row === this.row ?
        malReview.store.ids[this.row] : '';
    }

    /** CSS pixels a pixel of the image at zoom 1. */
    fitScale(canvas) {
      const [x0, y0, x1, y1] = malReview.store.window[this.row] ?? [0, 0, 1, 1];
      return FIT_MARGIN * Math.min(
        canvas.clientWidth / (x1 - x0), canvas.clientHeight / (y1 - y0));
    }

    drawPane(pane, k) {
      const {store} = malReview;
      const {canvas} = pane;
      const ratio = devicePixelRatio || 1;
      const width = Math.round(canvas.clientWidth * ratio);
      const height = Math.round(canvas.clientHeight * ratio);
      if (canvas.width !== width || canvas.height !== height) {
        canvas.width = width;
        canvas.height = height;
      }
      const context = canvas.getContext('2d');
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      const window_ = store.window[this.row];
      const mask = this.shown?.row === this.row ? this.shown.masks[k] : null;
      pane.facts.textContent = this.facts(k);
      canvas.setAttribute('aria-label', `${pane.file.name}: ${store.className(this.row)}`);
      if (this.shown?.row !== this.row) return;
      if (!window_) {
        say(context, 'This box shows nothing of its image.', width, height);
        return;
      }
      const scale = this.fitScale(canvas) * this.zoom * ratio;
      context.setTransform(scale, 0, 0, scale,
        width / 2 - this.centre[0] * scale, height / 2 - this.centre[1] * scale);
      const [x0, y0, x1, y1] = window_;
      const perPixel = scale * (x1 - x0) / this.shown.found.width;
      context.imageSmoothingEnabled = perPixel < SHARP_FROM;
      if (this.shown.picture) {
        context.drawImage(this.shown.picture, x0, y0, x1 - x0, y1 - y0);
      } else {
        context.fillStyle = 'rgb(70,70,78)';
        context.fillRect(x0, y0, x1 - x0, y1 - y0);
      }
      context.imageSmoothingEnabled = perPixel < 1;
      if (this.settings.others) {
        context.save();
        context.beginPath();
        context.rect(x0, y0, x1 - x0, y1 - y0);
        context.clip();
        for (const other of this.others) {
          this.drawMask(context, other.mask, other.window, other.width, .18, .8 * ratio,
            malReview.masks.css(malReview.masks.NEIGHBOUR_COLOUR), .55);
        }
        context.restore();
      }
      if (mask) {
        this.drawMask(context, mask, window_, this.shown.found.width,
          this.settings.fill ? this.settings.opacity / 100 : 0,
          this.settings.outline ? 1.6 * ratio : 0,
          malReview.masks.css(malReview.masks.colourOf(k)), 1);
      }
      if (this.settings.box) this.drawBox(context, ratio / scale);
      if (!this.shown.picture) {
        context.setTransform(1, 0, 0, 1, 0, 0);
        say(context, 'The picture is missing.', width, height);
      }
    }

    drawMask(context, mask, window_, viewWidth, opacity, line, colour, strength) {
      const [x0, y0, x1, y1] = window_;
      if (opacity > 0) {
        context.globalAlpha = opacity;
        context.drawImage(mask.canvas, x0, y0, x1 - x0, y1 - y0);
        context.globalAlpha = 1;
      }
      if (line > 0) {
        context.save();
        context.translate(x0, y0);
        const grow = (x1 - x0) / viewWidth;
        context.scale(grow, grow);
        const pixel = line / context.getTransform().a;
        context.globalAlpha = strength;
        context.lineCap = 'square';
        context.strokeStyle = 'rgba(0,0,0,.65)';
        context.lineWidth = 2.2 * pixel;
        context.stroke(mask.outline());
        context.strokeStyle = colour;
        context.lineWidth = pixel;
        context.stroke(mask.outline());
        context.restore();
      }
    }

    drawBox(context, pixel) {
      const [x, y, width, height] =
        malReview.store.box.subarray(4 * this.row, 4 * this.row + 4);
      context.lineWidth = 2 * pixel;
      context.strokeStyle = 'rgba(0,0,0,.6)';
      context.setLineDash([]);
      context.strokeRect(x, y, width, height);
      context.lineWidth = pixel;
      context.strokeStyle = '#fff';
      context.setLineDash([5 * pixel, 4 * pixel]);
      context.strokeRect(x, y, width, height);
      context.setLineDash([]);
    }

    facts(k) {
      const {store, showNumber} = malReview;
      const found = this.shown?.row === this.row ? this.shown.found.files[k] : null;
      if (found && !found.counts) return 'no mask';
      const words = [];
      if (!Number.isNaN(store.scores[k][this.row])) {
        words.push(`score ${showNumber(store.scores[k][this.row])}`);
      }
      if (k > 0) words.push(`IoU ${showNumber(store.ious[k - 1][this.row])}`);
      if (found?.outside) words.push(`${found.outside} px outside the view`);
      return words.join(' · ');
    }

    /** Zoom by a factor, about a point of a canvas (CSS pixels) or its centre. */
    zoomBy(factor, canvas = this.panesShown[0].canvas, x = null, y = null) {
      if (this.row < 0) return;
      const fit = this.fitScale(canvas);
      const most = Math.max(1, MOST_PIXELS / fit);
      const zoom = Math.min(most, Math.max(LEAST_ZOOM, this.zoom * factor));
      if (x !== null) {
        const [dx, dy] = [x - canvas.clientWidth / 2, y - canvas.clientHeight / 2];
        const change = 1 / (fit * this.zoom) - 1 / (fit * zoom);
        this.centre = [this.centre[0] + dx * change, this.centre[1] + dy * change];
      }
      this.zoom = zoom;
      this.keepInView();
      this.onZoom(this.zoom);
      this.draw();
    }

    /** Fit the view, or show its middle in close-up if it fits already. */
    toggleZoom() {
      if (this.zoom !== 1) this.fit();
      else this.zoomBy(CLOSE_UP);
    }

    fit() {
      const [x0, y0, x1, y1] = malReview.store.window[this.row] ?? [0, 0, 0, 0];
      this.centre = [(x0 + x1) / 2, (y0 + y1) / 2];
      this.zoom = 1;
      this.onZoom(1);
      this.draw();
    }

    keepInView() {
      const [x0, y0, x1, y1] = malReview.store.window[this.row] ?? [0, 0, 0, 0];
      this.centre = [Math.min(x1, Math.max(x0, this.centre[0])),
        Math.min(y1, Math.max(y0, this.centre[1]))];
    }

    listen(canvas) {
      canvas.addEventListener('wheel', (event) => {
        event.preventDefault();
        // Lines or pages instead of pixels, by browser and mouse.
        const delta = event.deltaY * [1, 16, 400][event.deltaMode];
        this.zoomBy(Math.exp(-Math.max(-200, Math.min(200, delta)) / 300), canvas,
          event.offsetX, event.offsetY);
      }, {passive: false});
      let last = null;
      canvas.addEventListener('pointerdown', (event) => {
        if (event.button !== 0) return;
        canvas.setPointerCapture(event.pointerId);
        last = [event.clientX, event.clientY];
      });
      canvas.addEventListener('pointermove', (event) => {
        if (!last || this.row < 0) return;
        const scale = this.fitScale(canvas) * this.zoom;
        this.centre = [this.centre[0] - (event.clientX - last[0]) / scale,
          this.centre[1] - (event.clientY - last[1]) / scale];
        last = [event.clientX, event.clientY];
        this.keepInView();
        this.draw();
      });
      for (const end of ['pointerup', 'pointercancel']) {
        canvas.addEventListener(end, () => { last = null; });
      }
      canvas.addEventListener('dblclick', () => this.fit());
    }
  }

  /** Pixels and outline of a mask; the outline is traced when it is asked for. */
  function prepare(file, {width, height}, colour) {
    if (!file.counts || !width) return null;
    const {masks} = malReview;
    const bits = masks.decodeBits(file.counts, width, height);
    let path = null;
    return {
      canvas: masks.paint(bits, width, height, colour),
      outline: () => path ??= masks.outline(bits, width, height),
    };
  }

  function say(context, text, width, height) {
    context.fillStyle = '#ccc';
    context.font = `${14 * (devicePixelRatio || 1)}px sans-serif`;
    context.textAlign = 'center';
    context.fillText(text, width / 2, height / 2);
  }

  malReview.Viewer = Viewer;
})();
