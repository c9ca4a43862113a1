// From numbers to colours exactly as `cnn_core/figures/feature_maps.py` and `mosaic.py` on the server have it, so that
// a picture is the same in both places.

const STEPS = 255; // colours of a scale; the entry after them stands for "nothing here"

/**
 * @typedef {{name: string, around: boolean, shape: [number, number, number], values: ArrayLike<number>}} Maps
 *   The maps of a layer, flat in the order (H, W, C); `around`: sums, whose colours lie around zero.
 * @typedef {{around: boolean, low: ?number, high: ?number}} Look Values of the first and last colour; null: each
 *   map has its own.
 */

/**
 * The colours of one layer's maps.
 * @param {Maps[]} all Of the network.
 * @param {Maps} maps One of them.
 * @param {"map" | "layer" | "network"} reach What shares a scale; sums and outputs never do.
 * @returns {Look}
 */
export function lookOf(all, maps, reach) {
  const { around } = maps;
  if (reach === "map") return { around, low: null, high: null };
  let [low, high] = [0, 0];
  for (const one of reach === "network" ? all : [maps]) {
    if (one.around !== around) continue;
    for (const value of one.values) {
      if (value < low && value !== -Infinity) low = value;
      else if (value > high && value !== Infinity) high = value;
    }
  }
  if (around) [low, high] = [-Math.max(-low, high), Math.max(-low, high)];
  return { around, low, high };
}

/** The colours of a scale as pixels, from its bytes (255 RGB triples); the last one is transparent. */
export function pixelsOf(table) {
  const pixels = new Uint8ClampedArray(4 * (STEPS + 1));
  for (let at = 0; at < STEPS; at += 1) pixels.set([...table.subarray(3 * at, 3 * at + 3), 255], 4 * at);
  return new Uint32Array(pixels.buffer);
}

/** Screen pixels per value, and between two maps, for maps (H, W, C). */
export function measures([height, width], cell = 56) {
  const zoom = Math.ceil(cell / Math.max(height, width));
  return { zoom, gap: Math.max(2, Math.floor((zoom * Math.max(height, width)) / 14)) };
}

/** Maps in a row, so that there are about as many rows. */
export function columnsOf(count) {
  return Math.max(1, Math.min(count, count > 32 ? 8 : count > 16 ? 6 : 4));
}

/**
 * Maps side by side as pixels.
 * @param {{shape: [number, number, number], values: ArrayLike<number>}} maps
 * @param {Look} look
 * @param {Uint32Array} colours As `pixelsOf` returns them.
 * @param {{columns: number, zoom: number, gap: number, only?: ?number}} grid `only`: the one map to show.
 * @returns {{width: number, height: number, pixels: Uint32Array}}
 */
export function sheet({ shape, values }, look, colours, { columns, zoom, gap, only = null }) {
  const [height, width, channels] = shape;
  const count = only === null ? channels : 1;
  const across = Math.min(columns, count);
  const [right, below] = [width * zoom + gap, height * zoom + gap];
  const size = { width: across * right - gap, height: Math.ceil(count / across) * below - gap };
  const pixels = new Uint32Array(size.width * size.height);
  for (let tile = 0; tile < count; tile += 1) {
    const channel = only ?? tile;
    const entryFor = entryOf(values, channel, channels, look);
    const corner = Math.floor(tile / across) * below * size.width + (tile % across) * right;
    for (let row = 0; row < height; row += 1) {
      const start = corner + row * zoom * size.width;
      for (let column = 0; column < width; column += 1) {
        const colour = colours[entryFor(values[(row * width + column) * channels + channel])];
        pixels.fill(colour, start + column * zoom, start + (column + 1) * zoom);
      }
      for (let copy = 1; copy < zoom; copy += 1)
        pixels.copyWithin(start + copy * size.width, start, start + width * zoom);
    }
  }
  return { ...size, pixels };
}

// Number -> entry of the colour table, for one map.
function entryOf(values, channel, channels, { around, low, high }) {
  if (low !== null) {
    const flat = around ? 0.5 : 0;
    return (value) => entry(value, high > low ? (value - low) / (high - low) : flat);
  }
  const [least, most] = ends(values, channel, channels);
  if (around) {
    const reach = Math.max(-least, most) || 1;
    return (value) => entry(value, (Math.fround(value / reach) + 1) / 2);
  }
  const bottom = Math.min(least, 0);
  const span = most - bottom > 0 ? most - bottom : 1;
  return (value) => entry(value, Math.fround((value - bottom) / span));
}

function ends(values, channel, channels) {
  let [least, most] = [Infinity, -Infinity];
  for (let at = channel; at < values.length; at += channels) {
    if (values[at] < least) least = values[at];
    if (values[at] > most) most = values[at];
  }
  return [least, most];
}

function entry(value, place) {
  if (!Number.isFinite(value)) return STEPS;
  return rounded(Math.min(1, Math.max(0, place)) * (STEPS - 1));
}

/** The nearest whole number; halves go to the even one, as NumPy and Python round. */
export function rounded(number) {
  const below = Math.floor(number);
  const rest = number - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}
