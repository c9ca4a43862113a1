// The ink that strokes leave, and how it travels. A stroke is {width, points: [x, y, x, y, ...]}.

export const SIDE = 280; // the pad, whatever its size on the screen, in units of strokes and brush
export const PIXELS = 140; // side of the canvas that is sent

// The points as a smooth line: quadratic curves between their midpoints, cut into short pieces.
export function smooth(points) {
  const line = [points[0], points[1]];
  for (let i = 2; i < points.length - 2; i += 2) {
    const [x0, y0] = line.slice(-2);
    const [x1, y1] = [points[i], points[i + 1]];
    const [x2, y2] = [(x1 + points[i + 2]) / 2, (y1 + points[i + 3]) / 2];
    const pieces = Math.ceil((Math.hypot(x1 - x0, y1 - y0) + Math.hypot(x2 - x1, y2 - y1)) / 4) || 1;
    for (let k = 1; k <= pieces; k += 1) {
      const [t, s] = [k / pieces, 1 - k / pieces];
      line.push(s * s * x0 + 2 * s * t * x1 + t * t * x2, s * s * y0 + 2 * s * t * y1 + t * t * y2);
    }
  }
  if (points.length > 2) line.push(points.at(-2), points.at(-1));
  return line;
}

// How much of each of 140 × 140 pixels is ink, 0 to 255. Calculated rather than read back from the
// canvas: that would wait for the graphics card, and browsers that guard privacy answer with noise.

export function covered(strokes) {
  const picture = new Uint8Array(PIXELS * PIXELS);
  for (const { width, points } of strokes) {
    const line = smooth(points).map((place) => (place * PIXELS) / SIDE);
    const radius = (width * PIXELS) / SIDE / 2;
    for (let i = 0; i < Math.max(2, line.length - 2); i += 2)
      cover(picture, radius, line[i], line[i + 1], line[i + 2] ?? line[i], line[i + 3] ?? line[i + 1]);
  }
  return picture;
}

function cover(picture, radius, x0, y0, x1, y1) {
  const [dx, dy] = [x1 - x0, y1 - y0];
  const length2 = dx * dx + dy * dy || 1;
  const [left, right] = span(Math.min(x0, x1) - radius, Math.max(x0, x1) + radius);
  const [top, bottom] = span(Math.min(y0, y1) - radius, Math.max(y0, y1) + radius);
  for (let row = top; row < bottom; row += 1)
    for (let column = left; column < right; column += 1) {
      const [px, py] = [column + 0.5 - x0, row + 0.5 - y0];
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length2));
      const ink = radius + 0.5 - Math.hypot(px - along * dx, py - along * dy);
      const grey = Math.round(255 * Math.min(1, ink));
      const place = row * PIXELS + column;
      if (grey > picture[place]) picture[place] = grey;
    }
}

function span(from, to) {
  return [Math.max(0, Math.floor(from - 0.5)), Math.min(PIXELS, Math.ceil(to + 0.5))];
}

// Runs of equal bytes as pairs (how often, which), in base64: a digit takes about 3 kB.
export function pack(picture) {
  let pairs = "";
  for (let start = 0, end; start < picture.length; start = end) {
    end = start + 1;
    while (end < picture.length && end - start < 255 && picture[end] === picture[start]) end += 1;
    pairs += String.fromCharCode(end - start, picture[start]);
  }
  return btoa(pairs);
}
