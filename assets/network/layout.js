// Where a window finds its places on an image: output size, padding, and the way back from an output to
// the pixels under its window. Windows are {window: [height, width], stride, padding, dilation}.

/**
 * @typedef {object} Window
 * @property {[number, number]} window Height and width, in pixels.
 * @property {number} stride Step, in pixels.
 * @property {"same" | "valid" | number} padding Zeros around the image, none, or so many on each side.
 * @property {number} [dilation] Distance between neighbouring taps, in pixels; 1 where not given.
 */

/**
 * Size of the result, and rows and columns of padding on each side. With "same", Keras puts the odd row
 * or column of padding at the bottom and at the right.
 * @param {ArrayLike<number>} shape Height and width of the image come first.
 * @param {Window} window
 */
export function layout(shape, { window, stride, padding, dilation = 1 }) {
  const given = Number.isInteger(padding) && padding >= 0;
  if (!given && padding !== "same" && padding !== "valid")
    throw new Error(`There is no padding "${padding}".`);
  const [down, across] = [0, 1].map((axis) => {
    const [side, size] = [shape[axis], (window[axis] - 1) * dilation + 1];
    if (given)
      return {
        count: Math.floor((side + 2 * padding - size) / stride) + 1,
        before: padding,
        after: padding,
      };
    if (padding === "valid") return { count: Math.floor((side - size) / stride) + 1, before: 0, after: 0 };
    const count = Math.ceil(side / stride);
    const total = Math.max(0, (count - 1) * stride + size - side);
    const before = Math.floor(total / 2);
    return { count, before, after: total - before };
  });
  if (down.count < 1 || across.count < 1) throw new Error(`A window of ${window} does not fit on ${shape}.`);
  return {
    rows: down.count,
    columns: across.count,
    top: down.before,
    bottom: down.after,
    left: across.before,
    right: across.after,
  };
}

/**
 * The pixels [from, to) that the outputs [from, to) along one axis read, without the padding.
 * @param {[number, number]} outputs
 * @param {{stride: number, before: number, size: number, side: number}} axis
 * @returns {[number, number]}
 */
export function reach([from, to], { stride, before, size, side }) {
  return [Math.max(0, from * stride - before), Math.min(side, (to - 1) * stride - before + size)];
}

/** Which pixels no window ever reads: 1 there, flat in the order (H, W). */
export function unread(shape, window, place) {
  const [height, width] = shape;
  const reads = (axis, count, before, side) => {
    const seen = new Uint8Array(side);
    for (let at = 0; at < count; at += 1)
      for (let tap = 0; tap < window.window[axis]; tap += 1) {
        const pixel = at * window.stride - before + tap * (window.dilation ?? 1);
        if (pixel >= 0 && pixel < side) seen[pixel] = 1;
      }
    return seen;
  };
  const rows = reads(0, place.rows, place.top, height);
  const columns = reads(1, place.columns, place.left, width);
  return Uint8Array.from(
    { length: height * width },
    (_, at) => 1 - rows[Math.floor(at / width)] * columns[at % width],
  );
}

/** Row, column and channel of a number of feature maps that lie flat in the order (H, W, C). */
export function unitAt([, width, channels], index) {
  const pixel = Math.floor(index / channels);
  return { row: Math.floor(pixel / width), column: pixel % width, channel: index % channels };
}
