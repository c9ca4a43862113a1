// A drawing as an MNIST digit: bright on black, in a box of 20 pixels, centred by mass. The same steps as
// `cnn_core.drawing.steps` takes, which says where they come from; rounded to 32 bits where it rounds, too.

const SIDE = 28; // of the model's input, in pixels
const BOX = 20; // side of the square that a digit just fits into
const FAINTEST = 1 / 64; // of full ink; what is paler is paper
const TIE = 1e-6; // closer than this to a half counts as one

/**
 * A greyscale image; `pixels` lie flat row by row, 0 without ink and 1 where it is full.
 * @typedef {{height: number, width: number, pixels: Float32Array}} Picture
 */

/**
 * Every step from a canvas to the model's input; null if nothing is drawn.
 * @param {Uint8Array} bytes Ink of a square canvas, 0 to 255, flat row by row.
 * @returns {?{canvas: Picture, crop: number[], cropped: Picture, scaled: Picture, corner: number[],
 *   centred: Picture, uncentred: Picture}} `crop` is top, left, height and width on the canvas, `corner` the
 *   place of `scaled` in `centred`, which is the input; `uncentred` is the whole canvas squeezed.
 */
export function prepare(bytes) {
  const side = Math.sqrt(bytes.length);
  const most = bytes.reduce((a, b) => Math.max(a, b), 0) / 255;
  if (most <= FAINTEST) return null;
  const full = Math.fround(most);
  const canvas = { height: side, width: side, pixels: new Float32Array(bytes.length) };
  bytes.forEach((byte, at) => {
    const ink = Math.fround(byte / 255);
    if (ink > full * FAINTEST) canvas.pixels[at] = ink / full;
  });
  const crop = extent(canvas);
  const cropped = cut(canvas, crop);
  const scaled = brightened(fitted(cropped));
  const corner = cornerOf(scaled);
  return {
    canvas,
    crop,
    cropped,
    scaled,
    corner,
    centred: placed(scaled, corner),
    uncentred: resized(canvas, SIDE, SIDE, side / SIDE),
  };
}

function extent({ height, width, pixels }) {
  let [top, left, bottom, right] = [height, width, -1, -1];
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1) {
      if (!pixels[row * width + column]) continue;
      top = Math.min(top, row);
      bottom = row;
      left = Math.min(left, column);
      right = Math.max(right, column);
    }
  return [top, left, bottom - top + 1, right - left + 1];
}

function cut({ width: across, pixels }, [top, left, height, width]) {
  const ink = new Float32Array(height * width);
  for (let row = 0; row < height; row += 1) {
    const from = (top + row) * across + left;
    ink.set(pixels.subarray(from, from + width), row * width);
  }
  return { height, width, pixels: ink };
}

// In its own proportions, the longer side 20 pixels; the last pixel of the shorter one is cut.
function fitted(picture) {
  const longer = Math.max(picture.height, picture.width);
  const [height, width] = [picture.height, picture.width].map((side) => Math.ceil((side * BOX) / longer));
  return resized(picture, height, width, longer / BOX);
}

// The mean ink of squares of `step` pixels, fractions of pixels counted as such.
function resized({ height: high, width: wide, pixels }, height, width, step) {
  const squeezed = new Float64Array(height * wide);
  for (let row = 0; row < height; row += 1)
    for (const [from, part] of parts(row, high, step))
      for (let column = 0; column < wide; column += 1)
        squeezed[row * wide + column] += part * pixels[from * wide + column];
  const small = new Float64Array(height * width);
  for (let column = 0; column < width; column += 1)
    for (const [from, part] of parts(column, wide, step))
      for (let row = 0; row < height; row += 1)
        small[row * width + column] += part * squeezed[row * wide + from];
  return { height, width, pixels: Float32Array.from(small) };
}

// Which pixels lie in the interval of that number, and how much of the interval each one fills.
function parts(number, pixels, step) {
  const [start, end] = [number * step, number * step + step];
  const found = [];
  for (let at = Math.floor(start); at < Math.min(pixels, Math.ceil(end)); at += 1) {
    const overlap = Math.min(end, at + 1) - Math.max(start, at);
    if (overlap > 0) found.push([at, overlap / step]);
  }
  return found;
}

// Its brightest pixel becomes 1, as in every picture of MNIST; thin lines pale when they shrink.
function brightened(picture) {
  const most = picture.pixels.reduce((a, b) => Math.max(a, b), 0);
  return { ...picture, pixels: picture.pixels.map((ink) => ink / most) };
}

// Where the picture must begin for its centre of mass to be pixel 14 of both axes, give or take a half.
function cornerOf({ height, width, pixels }) {
  let [total, down, across] = [0, 0, 0];
  pixels.forEach((ink, at) => {
    total += ink;
    down += ink * Math.floor(at / width);
    across += ink * (at % width);
  });
  const start = (mass, length) => {
    const nearest = Math.ceil(SIDE / 2 - mass / total - 0.5 - TIE);
    return Math.min(Math.max(nearest, 0), SIDE - length);
  };
  return [start(down, height), start(across, width)];
}

function placed({ height, width, pixels }, [top, left]) {
  const picture = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < height; row += 1)
    picture.set(pixels.subarray(row * width, (row + 1) * width), (top + row) * SIDE + left);
  return { height: SIDE, width: SIDE, pixels: picture };
}
