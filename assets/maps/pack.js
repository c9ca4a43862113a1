// Many images of a data set in one file of bytes, and the one of them that is shown.

import { floats } from "../network/packed.js";
import { fill } from "../sums/numbers.js";

const packs = new Map();

/** The bytes of a pack, fetched once: a name stands for its bytes. */
export function images({ name, url }) {
  if (!packs.has(name)) {
    const fetched = read(url);
    fetched.catch(() => packs.delete(name));
    packs.set(name, fetched);
  }
  return packs.get(name);
}

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/**
 * The image of that number with its pixels in [0, 1]; the one in the data where the pack does not have it.
 * @param {{image: object, pack: ?object, classes: string[]}} data
 * @param {?{name: string, bytes: Uint8Array}} loaded
 * @param {?number} number
 */
export function imageOf({ image, pack, classes }, loaded, number) {
  const at = pack && loaded?.name === pack.name ? pack.numbers.indexOf(number) : -1;
  if (number === image.number || at < 0) return { ...image, pixels: floats(image.pixels) };
  const size = image.shape.reduce((a, b) => a * b);
  const pixels = new Float32Array(size);
  for (let pixel = 0; pixel < size; pixel += 1) pixels[pixel] = loaded.bytes[at * size + pixel] / 255;
  const truth = pack.labels[at];
  return {
    ...image,
    number,
    pixels,
    truth,
    title: fill(pack.title, { index: number, name: classes[truth] }),
  };
}
