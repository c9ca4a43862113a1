// The arithmetic of the stepper: convolution and pooling as Keras computes them, cell by cell. A set-up is
// {kind: "conv" | "max" | "average", image, shape: [H, W, C], window: [kh, kw], stride, padding}, and of a
// convolution also {kernels, filters, bias, activation}; arrays lie flat in the order (H, W, C) and
// (kh, kw, Cin, Cout). Everything is reckoned in 64 bits.

// Abramowitz and Stegun 7.1.5 near zero, where the series needs few terms; the continued fraction 7.1.14 beyond.
function erf(x) {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let total = a;
    for (let n = 1; n < 60; n += 1) {
      term *= (-a * a) / n;
      total += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * total) / Math.sqrt(Math.PI);
  }
  let fraction = a;
  for (let n = 60; n > 0; n -= 1) fraction = a + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (fraction * Math.sqrt(Math.PI)));
}

const ACTIVATE = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  gelu: (x) => (x * (1 + erf(x / Math.SQRT2))) / 2,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

// Where the window finds its places: size of the result, rows and columns of padding on each side.
// With "same", Keras puts the odd row or column of padding at the bottom and at the right.
function layoutOf({ shape, window, stride, padding }) {
  const sides = [0, 1].map((axis) => {
    const [side, size] = [shape[axis], window[axis]];
    if (padding === "valid")
      return { count: Math.floor((side - size) / stride) + 1, before: 0, after: 0 };
    const count = Math.ceil(side / stride);
    const total = Math.max(0, (count - 1) * stride + size - side);
    return { count, before: Math.floor(total / 2), after: total - Math.floor(total / 2) };
  });
  const [down, across] = sides;
  return {
    rows: down.count,
    columns: across.count,
    top: down.before,
    bottom: down.after,
    left: across.before,
    right: across.after,
  };
}

function channelsOf(setup) {
  return setup.kind === "conv" ? setup.filters : setup.shape[2];
}

// One cell of the result with everything that goes into it. Of a convolution: patch and products of each
// channel, `partial` sums, `sum` with the bias, `output` after the activation. Of a pooling: the patch of
// that channel (null in the padding, which does not count), `output`, and `winner`, the place of a maximum.
function cellOf(setup, place, row, column, filter) {
  const [top, left] = [row * setup.stride - place.top, column * setup.stride - place.left];
  return setup.kind === "conv"
    ? summed(setup, top, left, filter)
    : pooled(setup, top, left, filter);
}

function summed(setup, top, left, filter) {
  const [height, width, channels] = setup.shape;
  const [kh, kw] = setup.window;
  const patch = new Float64Array(kh * kw * channels);
  const products = new Float64Array(kh * kw * channels);
  const partial = new Float64Array(channels);
  for (let tap = 0; tap < kh * kw; tap += 1) {
    const [r, c] = [top + Math.floor(tap / kw), left + (tap % kw)];
    if (r < 0 || r >= height || c < 0 || c >= width) continue; // zeros of the padding
    for (let channel = 0; channel < channels; channel += 1) {
      const at = tap * channels + channel;
      patch[at] = setup.image[(r * width + c) * channels + channel];
      products[at] = patch[at] * setup.kernels[at * setup.filters + filter];
      partial[channel] += products[at];
    }
  }
  const bias = setup.bias[filter];
  const sum = partial.reduce((total, one) => total + one, 0) + bias;
  return { top, left, patch, products, partial, bias, sum, output: ACTIVATE[setup.activation](sum) };
}

function pooled(setup, top, left, channel) {
  const [height, width, channels] = setup.shape;
  const [kh, kw] = setup.window;
  const patch = [];
  let [winner, total, counted] = [-1, 0, 0];
  for (let tap = 0; tap < kh * kw; tap += 1) {
    const [r, c] = [top + Math.floor(tap / kw), left + (tap % kw)];
    const outside = r < 0 || r >= height || c < 0 || c >= width;
    const value = outside ? null : setup.image[(r * width + c) * channels + channel];
    patch.push(value);
    if (outside) continue;
    if (winner < 0 || value > patch[winner]) winner = tap;
    total += value;
    counted += 1;
  }
  const output = setup.kind === "max" ? patch[winner] : total / counted;
  return { top, left, patch, winner, sum: total, counted, output };
}

// The whole result, flat in the order (rows, columns, filters).
function mapsOf(setup, place) {
  const filters = channelsOf(setup);
  const maps = new Float64Array(place.rows * place.columns * filters);
  for (let cell = 0; cell < place.rows * place.columns; cell += 1) {
    const [row, column] = [Math.floor(cell / place.columns), cell % place.columns];
    if (setup.kind === "conv") fill(setup, place, row, column, maps.subarray(cell * filters));
    else
      for (let channel = 0; channel < filters; channel += 1)
        maps[cell * filters + channel] = cellOf(setup, place, row, column, channel).output;
  }
  return maps;
}

function fill(setup, place, row, column, out) {
  const { image, kernels, filters, bias } = setup;
  const [height, width, channels] = setup.shape;
  const [kh, kw] = setup.window;
  const activate = ACTIVATE[setup.activation];
  for (let filter = 0; filter < filters; filter += 1) out[filter] = bias[filter];
  for (let tap = 0; tap < kh * kw; tap += 1) {
    const r = row * setup.stride - place.top + Math.floor(tap / kw);
    const c = column * setup.stride - place.left + (tap % kw);
    if (r < 0 || r >= height || c < 0 || c >= width) continue;
    for (let channel = 0; channel < channels; channel += 1) {
      const value = image[(r * width + c) * channels + channel];
      if (value === 0) continue;
      const weights = (tap * channels + channel) * filters;
      for (let filter = 0; filter < filters; filter += 1)
        out[filter] += value * kernels[weights + filter];
    }
  }
  for (let filter = 0; filter < filters; filter += 1) out[filter] = activate(out[filter]);
}

// Which pixels of the image no window ever reads: 1 there, flat in the order (H, W).
function unreadOf(setup, place) {
  const [height, width] = setup.shape;
  const reads = (axis, count, before, side) => {
    const seen = new Uint8Array(side);
    for (let at = 0; at < count; at += 1)
      for (let tap = 0; tap < setup.window[axis]; tap += 1) {
        const pixel = at * setup.stride - before + tap;
        if (pixel >= 0 && pixel < side) seen[pixel] = 1;
      }
    return seen;
  };
  const rows = reads(0, place.rows, place.top, height);
  const columns = reads(1, place.columns, place.left, width);
  const unread = new Uint8Array(height * width);
  for (let at = 0; at < unread.length; at += 1)
    unread[at] = 1 - rows[Math.floor(at / width)] * columns[at % width];
  return unread;
}
