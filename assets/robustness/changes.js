// Changes of an image, each with one strength, as in `cnn_core/labs/changes.py`. Images are numbers in [0, 1],
// flat in the order (H, W, C). Strengths: shifts and square in pixels, rotation and shear in degrees, zoom, contrast
// and inversion in percent, blur and noise as standard deviations.

const GREY = 0.5; // of the square that occludes
const BLUR_REACH = 4; // standard deviations on each side of the kernel

/** Strengths that change nothing. */
export const NEUTRAL = {
  right: 0,
  down: 0,
  rotate: 0,
  zoom: 100,
  shear: 0,
  blur: 0,
  noise: 0,
  contrast: 100,
  invert: 0,
  occlude: 0,
};

/**
 * The image after all changes: shear, zoom, rotation and shift in one step, then the others in order.
 * @param {ArrayLike<number>} image
 * @param {number[]} shape (H, W, C).
 * @param {Record<string, number>} strengths By name; those left out change nothing.
 * @param {[number, number]} [centre] Row and column of the middle of the square; else that of the image.
 * @returns {Float32Array}
 */
export function change(image, shape, strengths, centre) {
  const given = { ...NEUTRAL, ...strengths };
  let pixels = Float32Array.from(image);
  if (["right", "down", "rotate", "zoom", "shear"].some((name) => given[name] !== NEUTRAL[name]))
    pixels = move(pixels, shape, given);
  if (given.blur) pixels = blur(pixels, shape, given.blur);
  if (given.contrast !== NEUTRAL.contrast) pixels = contrast(pixels, shape[2], given.contrast / 100);
  if (given.invert) {
    const part = given.invert / 100;
    pixels = pixels.map((value) => valid(value * (1 - part) + (1 - value) * part));
  }
  if (given.occlude) pixels = occlude(pixels, shape, given.occlude, centre);
  if (given.noise) pixels = pixels.map((value, at) => valid(value + given.noise * normal(at)));
  return pixels;
}

function valid(value) {
  return Math.min(1, Math.max(0, value));
}

/** Bilinear interpolation at the place that each pixel comes from; black outside of the image. */
function move(pixels, [height, width, channels], { right, down, rotate, zoom, shear }) {
  const [turn, lean, size] = [(rotate * Math.PI) / 180, Math.tan((shear * Math.PI) / 180), zoom / 100];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
  const moved = new Float32Array(pixels.length);
  for (let row = 0, to = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1, to += channels) {
      // Back through shift, rotation, zoom and shear.
      const [y, x] = [row - middleY - down, column - middleX - right];
      const [turnedY, turnedX] = [(cos * y + sin * x) / size, (cos * x - sin * y) / size];
      const [fromY, fromX] = [turnedY + middleY, turnedX + lean * turnedY + middleX];
      const [top, left] = [Math.floor(fromY), Math.floor(fromX)];
      for (let tap = 0; tap < 4; tap += 1) {
        const [i, j] = [top + (tap >> 1), left + (tap & 1)];
        if (i < 0 || i >= height || j < 0 || j >= width) continue;
        const weight = (1 - Math.abs(fromY - i)) * (1 - Math.abs(fromX - j));
        const from = (i * width + j) * channels;
        for (let channel = 0; channel < channels; channel += 1)
          moved[to + channel] += weight * pixels[from + channel];
      }
    }
  return moved;
}

/** Gaussian blur; beyond the edge the image goes on as its last pixel. */
function blur(pixels, [height, width, channels], deviation) {
  const reach = Math.floor(BLUR_REACH * deviation + 0.5);
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, (_, at) =>
    Math.exp(-0.5 * ((at - reach) / deviation) ** 2),
  );
  const total = kernel.reduce((sum, one) => sum + one, 0);
  const along = (values, count, step) =>
    values.map((_, at) => {
      const place = Math.floor(at / step) % count;
      let sum = 0;
      for (let tap = -reach; tap <= reach; tap += 1) {
        const other = Math.min(count - 1, Math.max(0, place + tap));
        sum += kernel[tap + reach] * values[at + (other - place) * step];
      }
      return sum / total;
    });
  return along(along(pixels, height, width * channels), width, channels);
}

/** Farther from the mean of each channel, or closer to it. */
function contrast(pixels, channels, factor) {
  const means = new Float64Array(channels);
  pixels.forEach((value, at) => {
    means[at % channels] += (value * channels) / pixels.length;
  });
  return pixels.map((value, at) => valid(means[at % channels] + (value - means[at % channels]) * factor));
}

function occlude(pixels, [height, width, channels], side, centre = [(height - 1) / 2, (width - 1) / 2]) {
  const [top, left] = centre.map((at) => Math.floor(at - side / 2 + 0.5 + 1e-9));
  return pixels.map((value, at) => {
    const [row, column] = [Math.floor(at / channels / width), Math.floor(at / channels) % width];
    const covered = row >= top && row < top + side && column >= left && column < left + side;
    return covered ? GREY : value;
  });
}

/** A normally distributed number for each place, always the same one: a hash of it, Box-Muller. */
function normal(at) {
  const [radius, angle] = [uniform(2 * at + 1), uniform(2 * at + 2)];
  return Math.sqrt(-2 * Math.log(radius)) * Math.cos(2 * Math.PI * angle);
}

function uniform(place) {
  let mixed = place ^ (place >>> 16);
  mixed = Math.imul(mixed, 0x7feb352d);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x846ca68b); // C. Wellons, "lowbias32"
  mixed ^= mixed >>> 16;
  return ((mixed >>> 0) + 0.5) / 2 ** 32;
}
