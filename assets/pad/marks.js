// The digits on a pad: which ink belongs together, and whether it can be a digit. The same rules, with the same
// numbers, as `cnn_core.images.marks`, which says what they mean.

const AROUND = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => [row, column]));
const BESIDE = AROUND.filter(([row, column]) => Math.abs(row) + Math.abs(column) === 1);

/**
 * @param {Uint8Array} bytes Ink of a square canvas, 0 to 255, flat row by row.
 * @param {Object<string, number>} limits Those of `cnn_core.images.marks.Limits`.
 * @returns {{verdict: string, canvases: Uint8Array[]}} "one", "several", "touching", "nothing" or "crowded"; a
 *   canvas for each digit, of digits that touch first both together.
 */
export function marksOn(bytes, limits) {
  const side = Math.sqrt(bytes.length);
  const most = bytes.reduce((a, b) => Math.max(a, b), 0);
  const mask = { height: side, width: side, inked: bytes.map((ink) => Number(ink > limits.dark * most)) };
  const { labels, parts } = labelled(mask, AROUND);
  const largest = parts.reduce((area, part) => Math.max(area, part.area), 0);
  const large = parts.filter(({ area }) => area >= limits.speck * largest);
  const groups = groupsIn(large, limits).filter(({ box }) => longer(box) >= limits.least * side);
  const whole = groups.length === 1 && groups[0].members.length === parts.length;
  const canvases = [];
  for (const group of groups) {
    const alone = whole ? bytes : aloneOf(bytes, side, labels, group.members);
    const columns = digitsAt(inkOf(labels, side, group), limits);
    if (groups.length === 1 && columns.length === 2) canvases.push(alone);
    for (const [from, to] of columns) canvases.push(between(alone, side, group.box[1], from, to));
  }
  const touching = groups.length === 1 && canvases.length > 1;
  const verdict = touching ? "touching" : verdictOf(canvases.length, limits);
  return { verdict, canvases: verdict === "crowded" ? [] : canvases };
}

function verdictOf(count, { most }) {
  if (count === 0) return "nothing";
  if (count > most) return "crowded";
  return count === 1 ? "one" : "several";
}

// Connected parts, numbered from 1 in the order of their first pixel, and the number of each pixel.
function labelled({ height, width, inked }, neighbours) {
  const labels = new Int32Array(inked.length);
  const parts = [];
  for (let start = 0; start < inked.length; start += 1) {
    if (!inked[start] || labels[start]) continue;
    const number = parts.length + 1;
    const part = { members: [number], area: 0, box: [height, width, 0, 0] };
    const open = [start];
    labels[start] = number;
    while (open.length) {
      const at = open.pop();
      const [row, column] = [Math.floor(at / width), at % width];
      part.area += 1;
      part.box = joined(part.box, [row, column, row + 1, column + 1]);
      for (const [down, across] of neighbours) {
        const [y, x] = [row + down, column + across];
        if (y < 0 || x < 0 || y >= height || x >= width) continue;
        const next = y * width + x;
        if (!inked[next] || labels[next]) continue;
        labels[next] = number;
        open.push(next);
      }
    }
    parts.push(part);
  }
  return { labels, parts };
}

function joined(a, b) {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

function groupsIn(parts, limits) {
  let groups = together(parts, limits);
  groups = groups.filter(({ box }) => box[3] - box[1] < limits.flat * (box[2] - box[0]));
  const largest = Math.max(0, ...groups.map(({ box }) => longer(box)));
  return groups
    .filter(({ box }) => longer(box) >= limits.small * largest)
    .sort((a, b) => a.box[1] - b.box[1]);
}

function longer([top, left, bottom, right]) {
  return Math.max(bottom - top, right - left);
}

function together(groups, limits) {
  for (let first = 0; first < groups.length; first += 1)
    for (let second = first + 1; second < groups.length; second += 1) {
      const [a, b] = [groups[first], groups[second]];
      if (!belong(a.box, b.box, limits)) continue;
      const rest = groups.filter((group) => group !== a && group !== b);
      const both = { members: [...a.members, ...b.members], box: joined(a.box, b.box) };
      return together([...rest, both], limits);
    }
  return groups;
}

function belong(a, b, limits) {
  const down = Math.max(a[0], b[0]) - Math.min(a[2], b[2]); // gap; negative is overlap
  const across = Math.max(a[1], b[1]) - Math.min(a[3], b[3]);
  const size = Math.max(longer(a), longer(b));
  const narrower = Math.min(a[3] - a[1], b[3] - b[1]);
  const overlap = down > 0 ? limits.hat : limits.beside;
  const above = -across >= overlap * narrower && down <= limits.gap * size;
  return above || (across <= limits.near * size && down <= limits.near * size);
}

function inkOf(labels, side, { members, box: [top, left, bottom, right] }) {
  const [height, width] = [bottom - top, right - left];
  const inked = new Uint8Array(height * width);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      inked[row * width + column] = Number(members.includes(labels[(top + row) * side + left + column]));
  return { height, width, inked };
}

// The columns [first, end) of each digit in one mark: none, all of them, or two parts.
function digitsAt(mask, limits) {
  const at = touchingAt(mask, limits);
  const parts = at === null ? [0, Infinity] : [0, at, Infinity];
  if (at === null && !canBeDigit(mask, limits)) return [];
  return parts.slice(1).map((end, part) => [parts[part], end]);
}

function canBeDigit(mask, limits) {
  const { height, width, inked } = mask;
  const square = Math.max(height, width) ** 2;
  let [area, rows, columns] = [0, 0, 0];
  for (let at = 0; at < inked.length; at += 1) {
    if (!inked[at]) continue;
    area += 1;
    if (at % width === 0 || !inked[at - 1]) rows += 1;
    if (at < width || !inked[at - width]) columns += 1;
  }
  if (area > limits.blot * square) return false;
  if (rows > limits.row_strokes * height || columns > limits.column_strokes * width) return false;
  const holes = labelled(surrounded(mask), BESIDE).parts.slice(1); // the first is what is around it
  return holes.filter((hole) => hole.area >= limits.hole * square).length <= limits.holes;
}

// What is no ink, with a pixel of it on every side.
function surrounded({ height, width, inked }) {
  const [high, wide] = [height + 2, width + 2];
  const empty = new Uint8Array(high * wide).fill(1);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      empty[(row + 1) * wide + column + 1] = Number(!inked[row * width + column]);
  return { height: high, width: wide, inked: empty };
}

function touchingAt(mask, limits) {
  const { height, width } = mask;
  if (width <= limits.wide * height) return null;
  if (mask.inked.reduce((area, ink) => area + ink, 0) > limits.blot * width * width) return null; // a dot
  const edge = Math.floor(limits.middle * width);
  let [at, least] = [edge, Infinity];
  for (let column = edge; column < width - edge; column += 1) {
    const { area } = columnOf(mask, column);
    if (area < least) [at, least] = [column, area];
  }
  if (width <= limits.very_wide * height && columnOf(mask, at).strokes > 1) return null;
  const halves = [cropped(mask, 0, at), cropped(mask, at, width)];
  const isDigit = (half) => half && half.height >= limits.tall * height && canBeDigit(half, limits);
  return halves.every(isDigit) ? at : null;
}

function columnOf({ height, width, inked }, column) {
  let [area, strokes] = [0, 0];
  for (let row = 0; row < height; row += 1) {
    if (!inked[row * width + column]) continue;
    area += 1;
    if (row === 0 || !inked[(row - 1) * width + column]) strokes += 1;
  }
  return { area, strokes };
}

// Those columns of a mask without the empty rows and columns around their ink; null without ink.
function cropped({ height, width, inked }, from, to) {
  let box = [height, to, 0, from];
  for (let row = 0; row < height; row += 1)
    for (let column = from; column < to; column += 1)
      if (inked[row * width + column]) box = joined(box, [row, column, row + 1, column + 1]);
  const [top, left, bottom, right] = box;
  if (bottom <= top) return null;
  const part = new Uint8Array((bottom - top) * (right - left));
  for (let row = top; row < bottom; row += 1)
    part.set(inked.subarray(row * width + left, row * width + right), (row - top) * (right - left));
  return { height: bottom - top, width: right - left, inked: part };
}

// The canvas with those parts and their soft edges alone.
function aloneOf(bytes, side, labels, members) {
  return bytes.map((ink, at) => {
    if (!ink || members.includes(labels[at])) return ink;
    if (labels[at]) return 0;
    const [row, column] = [Math.floor(at / side), at % side];
    const isNear = AROUND.some(([down, across]) => {
      const [y, x] = [row + down, column + across];
      return y >= 0 && x >= 0 && y < side && x < side && members.includes(labels[y * side + x]);
    });
    return isNear ? ink : 0;
  });
}

// The canvas with the columns [from, to) of a mark that begins at `left`; from its first and to its last all.
function between(bytes, side, left, from, to) {
  return bytes.map((ink, at) => {
    const column = (at % side) - left;
    return (from > 0 && column < from) || column >= to ? 0 : ink;
  });
}
