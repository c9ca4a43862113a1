// Small pictures of maps and windows, in the colours of the page.

const FRAME = ["#111", "#fff"];

/**
 * Paint numbers one pixel each, `large` times enlarged by the style; a frame around one of them.
 * @param {HTMLCanvasElement} canvas
 * @param {{height: number, width: number, value: (at: number) => ?number}} map `value` by place, row by row;
 *   null stays transparent.
 * @param {(value: number) => number[]} colour
 * @param {?[number, number]} marked Row and column.
 */
export function paintMap(canvas, { height, width, value }, colour, marked = null) {
  const side = Math.max(1, Math.ceil(224 / Math.max(height, width)));
  Object.assign(canvas, { width: width * side, height: height * side });
  const pen = canvas.getContext("2d");
  for (let at = 0; at < height * width; at += 1) {
    const number = value(at);
    if (number === null) continue;
    pen.fillStyle = `rgb(${colour(number).join()})`;
    pen.fillRect((at % width) * side, Math.floor(at / width) * side, side, side);
  }
  if (!marked) return;
  const [top, left] = marked.map((place) => place * side);
  FRAME.forEach((line, at) => {
    pen.strokeStyle = line;
    pen.lineWidth = 8 - 4 * at;
    pen.strokeRect(left, top, side, side);
  });
}

/** Colours from a table of RGB triples: from 0 to `most`, or around zero. */
export function colourOf(table, most, around = false) {
  const last = table.length / 3 - 1;
  return (value) => {
    const part = most > 0 ? value / most : 0;
    const at = Math.round(Math.min(1, Math.max(0, around ? (part + 1) / 2 : part)) * last) * 3;
    return [table[at], table[at + 1], table[at + 2]];
  };
}

/** The largest distance of a number from zero. */
export function reach(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
