'use strict';
/* Pictures of the boxes, loaded when they come into view and kept for a while. */
(() => {
  const KEPT = 160;
  const cache = new Map();  // promises by row, the last used last

  /** The picture of a row; resolves with null if there is none. */
  function load(row) {
    const {store} = malReview;
    let picture = cache.get(row);
    if (!picture) {
      picture = store.picture[row] ? fetchPicture(store.pictureUrl(row)) :
        Promise.resolve(null);
    }
    cache.delete(row);
    cache.set(row, picture);
    if (cache.size > KEPT) cache.delete(cache.keys().next().value);
    return picture;
  }

  async function fetchPicture(url) {
    const image = new Image();
    image.src = url;
    try {
      await image.decode();  // off the main thread
      return image;
    } catch {
      return null;
    }
  }

  malReview.pictures = {load};
})();
