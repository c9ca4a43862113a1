// Elements and pictures.

export function made(kind, name = "", said = "") {
  return Object.assign(document.createElement(kind), { className: name, textContent: said });
}

/** Make an element a picture to a screen reader. Both are set together: a picture without words is a fault. */
export function setAlt(element, words) {
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", words);
}

/** A probability; never "100%", since a softmax leaves every class something. */
export function percent(share, digits = 1) {
  const step = 10 ** -digits;
  if (100 * share >= 100 - step / 2) return `> ${(100 - step).toFixed(digits)}%`;
  return `${(100 * share).toFixed(digits)}%`;
}

/** Paint numbers in [0, 1] as grey, one pixel each. */
export function paintGrey(canvas, { height, width, pixels }) {
  if (canvas.height !== height || canvas.width !== width) Object.assign(canvas, { height, width });
  const picture = new ImageData(width, height);
  pixels.forEach((ink, at) => {
    const grey = Math.round(ink * 255);
    picture.data.set([grey, grey, grey, 255], at * 4);
  });
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/**
 * Paint feature maps side by side, a transparent pixel between two; the colours go from the smallest number
 * of all to the largest.
 */
export function paintMaps(canvas, [height, width, count], values, columns, colours) {
  const across = Math.min(columns, count);
  const [wide, high] = [across * (width + 1) - 1, Math.ceil(count / across) * (height + 1) - 1];
  if (canvas.height !== high || canvas.width !== wide) Object.assign(canvas, { height: high, width: wide });
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const last = colours.length / 3 - 1;
  const scale = most > least ? last / (most - least) : 0;
  const picture = new ImageData(wide, high);
  for (let at = 0; at < values.length; at += 1) {
    const [map, pixel] = [at % count, Math.floor(at / count)];
    const y = Math.floor(map / across) * (height + 1) + Math.floor(pixel / width);
    const x = (map % across) * (width + 1) + (pixel % width);
    const colour = Math.round((values[at] - least) * scale) * 3;
    const to = (y * wide + x) * 4;
    for (let part = 0; part < 3; part += 1) picture.data[to + part] = colours[colour + part];
    picture.data[to + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
