'use strict';
/* Masks from run lengths: pixels on a canvas, and outlines as paths. */
(() => {
  /** Run lengths from the letters of COCO's compressed RLE. */
  function decodeRuns(text) {
    const runs = [];
    let at = 0;
    while (at < text.length) {
      let value = 0;
      let shift = 0;
      let code;
      do {
        code = text.charCodeAt(at++) - 48;
        value |= (code & 31) << shift;
        shift += 5;
      } while (code & 32);
      if (code & 16 && shift < 32) value |= -1 << shift;
      // From the fourth on, a number is the difference to the one two before.
      if (runs.length > 2) value += runs[runs.length - 2];
      runs.push(value);
    }
    return runs;
  }

  /** Bytes 0 and 1 of a mask, row by row. */
  function decodeBits(text, width, height) {
    const bits = new Uint8Array(width * height);
    let at = 0;
    decodeRuns(text).forEach((run, i) => {
      if (i % 2) bits.fill(1, at, at + run);
      at += run;
    });
    return bits;
  }

  /** A canvas with the mask in one opaque colour ([r, g, b]). */
  function paint(bits, width, height, colour) {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext('2d');
    const pixels = context.createImageData(width, height);
    // One 32-bit word a pixel; little-endian, as every browser's machine is.
    const word = (255 << 24 | colour[2] << 16 | colour[1] << 8 | colour[0]) >>> 0;
    const words = new Uint32Array(pixels.data.buffer);
    for (let i = 0; i < bits.length; i++) if (bits[i]) words[i] = word;
    context.putImageData(pixels, 0, 0);
    return canvas;
  }

  /** The borders between mask and ground as a path, in pixels of the view. */
  function outline(bits, width, height) {
    const path = new Path2D();
    const at = (x, y) =>
      x >= 0 && y >= 0 && x < width && y < height ? bits[y * width + x] : 0;
    for (let y = 0; y <= height; y++) {
      for (let x = 0, from = -1; x <= width; x++) {
        const edge = x < width && at(x, y - 1) !== at(x, y);
        if (edge && from < 0) from = x;
        if (!edge && from >= 0) {
          path.moveTo(from, y);
          path.lineTo(x, y);
          from = -1;
        }
      }
    }
    for (let x = 0; x <= width; x++) {
      for (let y = 0, from = -1; y <= height; y++) {
        const edge = y < height && at(x - 1, y) !== at(x, y);
        if (edge && from < 0) from = y;
        if (!edge && from >= 0) {
          path.moveTo(x, from);
          path.lineTo(x, y);
          from = -1;
        }
      }
    }
    return path;
  }

  // Told apart by people of every colour vision; the human masks have their own.
  const COLOURS = [[40, 205, 255], [255, 176, 0], [150, 225, 50], [190, 160, 255]];
  const HUMAN_COLOUR = [255, 95, 200];
  const NEIGHBOUR_COLOUR = [255, 255, 255];

  /** The colour of label file k. */
  function colourOf(k) {
    const file = malReview.store.meta.files[k];
    return file.kind === 'human' ? HUMAN_COLOUR : COLOURS[k % COLOURS.length];
  }

  const css = (colour) => `rgb(${colour.join(',')})`;

  malReview.masks = {
    decodeRuns, decodeBits, paint, outline, colourOf, css, NEIGHBOUR_COLOUR,
  };
})();
