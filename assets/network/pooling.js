// Pooling as Keras computes it. The padding of "same" is never a maximum and does not count in an average;
// rows and columns that no whole window reaches are left out.

/**
 * Feature maps after a pooling; each channel stays apart.
 * @param {{input: number[], pool: "max" | "average", window: [number, number], stride: number,
 *   place: {rows: number, columns: number, top: number, left: number}}} layer
 * @param {ArrayLike<number>} image Flat in the order (H, W, C).
 * @param {Float32ArrayConstructor | Float64ArrayConstructor} Numbers Kind of the result.
 */
export function pool({ input, pool: kind, window, stride, place }, image, Numbers = Float32Array) {
  const [height, width, channels] = input;
  const pooled = new Numbers(place.rows * place.columns * channels);
  const cell = new Float64Array(channels);
  for (let row = 0, to = 0; row < place.rows; row += 1) {
    const [top, bottom] = inside(row * stride - place.top, window[0], height);
    for (let column = 0; column < place.columns; column += 1, to += channels) {
      const [left, right] = inside(column * stride - place.left, window[1], width);
      cell.fill(kind === "max" ? -Infinity : 0);
      for (let y = top; y < bottom; y += 1)
        for (let x = left; x < right; x += 1) {
          const from = (y * width + x) * channels;
          if (kind === "max")
            for (let channel = 0; channel < channels; channel += 1) {
              if (image[from + channel] > cell[channel]) cell[channel] = image[from + channel];
            }
          else for (let channel = 0; channel < channels; channel += 1) cell[channel] += image[from + channel];
        }
      const count = kind === "max" ? 1 : (bottom - top) * (right - left);
      for (let channel = 0; channel < channels; channel += 1) pooled[to + channel] = cell[channel] / count;
    }
  }
  return pooled;
}

function inside(start, size, side) {
  return [Math.max(0, start), Math.min(side, start + size)];
}

/**
 * One number of the result: the patch of its channel (null in the padding), its `sum` and how many were
 * `counted`, `output`, and `winner`, the place of the maximum in the patch.
 */
export function poolingTerms(layer, image, { row, column, channel }) {
  const { input, pool: kind, window, stride, place } = layer;
  const [height, width, channels] = input;
  const [kh, kw] = window;
  const [top, left] = [row * stride - place.top, column * stride - place.left];
  const patch = [];
  let [winner, sum, counted] = [-1, 0, 0];
  for (let tap = 0; tap < kh * kw; tap += 1) {
    const [y, x] = [top + Math.floor(tap / kw), left + (tap % kw)];
    const outside = y < 0 || y >= height || x < 0 || x >= width;
    const value = outside ? null : image[(y * width + x) * channels + channel];
    patch.push(value);
    if (outside) continue;
    if (winner < 0 || value > patch[winner]) winner = tap;
    sum += value;
    counted += 1;
  }
  return { top, left, patch, winner, sum, counted, output: kind === "max" ? patch[winner] : sum / counted };
}
