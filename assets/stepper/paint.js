// What the stepper draws with: canvases of square cells, colours, numbers as text.

const LINE = "rgba(128, 128, 128, 0.35)"; // between cells, seen on any colour
const MARK = "#ff8a1f"; // the window and the cell it makes

// A canvas of square cells. What does not move is drawn once and copied under what does.
export class View {
  constructor(canvas) {
    this.canvas = canvas;
  }

  lay(rows, columns, top, left) {
    const wide = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio));
    Object.assign(this, { rows, columns, top, left, size: wide / columns });
    const high = Math.max(1, Math.round(this.size * rows));
    if (this.canvas.width !== wide || this.canvas.height !== high)
      Object.assign(this.canvas, { width: wide, height: high });
  }

  still(draw) {
    this.base = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const pen = this.base.getContext("2d");
    // On whole pixels, or seams show between the cells.
    pen.translate(Math.round(-this.left * this.size), Math.round(-this.top * this.size));
    draw(pen, this.size);
  }

  // `revealed` cells of the picture below, row by row; all where it is not given.
  moved(draw, revealed, columns) {
    const pen = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (revealed === undefined || revealed >= this.rows * this.columns) pen.drawImage(this.base, 0, 0);
    else {
      pen.fillStyle = "rgba(128, 128, 128, 0.18)";
      pen.fillRect(0, 0, width, height);
      const full = Math.round(Math.floor(revealed / columns) * this.size);
      const [part, deep] = [Math.round((revealed % columns) * this.size), Math.ceil(this.size)];
      if (full) pen.drawImage(this.base, 0, 0, width, full, 0, 0, width, full);
      if (part) pen.drawImage(this.base, 0, full, part, deep, 0, full, part, deep);
    }
    pen.translate(-this.left * this.size, -this.top * this.size);
    draw(pen, this.size);
  }

  under(event) {
    const area = this.canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - area.top) / area.height) * this.rows) + this.top;
    const column = Math.floor(((event.clientX - area.left) / area.width) * this.columns) + this.left;
    return [row, column];
  }
}

export function frame(pen, x, y, wide, high, size) {
  const thick = Math.max(1, Math.min(2 * devicePixelRatio, size / 4));
  for (const [colour, lines] of [
    ["#111", 2.5],
    ["#fff", 1.75],
    [MARK, 1],
  ]) {
    pen.strokeStyle = colour;
    pen.lineWidth = lines * thick;
    pen.strokeRect(x * size, y * size, wide * size, high * size);
  }
}

// A cell in its colour, where cells are large with a quiet line to the next ones; with its number where there is room.
export function cellAt(pen, size, row, column, shade, value) {
  const line = size > 10 * devicePixelRatio ? Math.max(1, Math.round(devicePixelRatio / 2)) : 0;
  const [left, top] = [Math.round(column * size), Math.round(row * size)];
  const [wide, high] = [Math.round((column + 1) * size) - left, Math.round((row + 1) * size) - top];
  pen.fillStyle = css(shade);
  pen.fillRect(left, top, wide, high);
  pen.fillStyle = LINE;
  pen.fillRect(left + wide - line, top, line, high);
  pen.fillRect(left, top + high - line, wide - line, line);
  if (size < 26 * devicePixelRatio) return;
  write(pen, size, row, column, short(value), inkOn(shade));
}

function write(pen, size, row, column, text, colour) {
  pen.fillStyle = colour;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = `${Math.min(size * 0.3, 15 * devicePixelRatio)}px system-ui, sans-serif`;
  pen.fillText(text, (column + 0.5) * size, (row + 0.5) * size);
}

// A zero of the padding.
export function zeroAt(pen, size, row, column, colour) {
  pen.fillStyle = "rgba(47, 134, 200, 0.35)";
  pen.fillRect(column * size, row * size, size - 1, size - 1);
  if (size >= 9 * devicePixelRatio) write(pen, size, row, column, "0", colour);
}

export function hatch(pen, x, y, size) {
  pen.save();
  pen.beginPath();
  pen.rect(x, y, size, size);
  pen.clip();
  pen.strokeStyle = "rgba(198, 47, 47, 0.9)";
  pen.lineWidth = Math.max(1, size / 8);
  for (let at = -1; at < 2; at += 0.5) {
    pen.beginPath();
    pen.moveTo(x + at * size, y + size);
    pen.lineTo(x + (at + 1) * size, y);
    pen.stroke();
  }
  pen.restore();
}

// Colours

export function lookOfInput({ image, colours }) {
  if (colours === "image") return { scale: "grey", low: 0, high: 1 };
  return rangeOf(image);
}

function rangeOf(values) {
  let [low, high] = [0, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === 0) return { scale: "sequential", low, high };
  const most = Math.max(-low, high);
  return { scale: "diverging", low: -most, high: most };
}

// A kernel whose weights add up to more than nothing makes an image of an image; edges have two signs.
export function lookOfOutput({ kind, colours, grey, kernels, bias, filters }, maps, input) {
  if (kind !== "conv") return input;
  const weight = filters === 1 ? kernels.reduce((total, one) => total + one, bias[0]) : 0;
  return grey && colours === "image" && weight > 1e-9 ? { scale: "grey", low: 0, high: 1 } : rangeOf(maps);
}

export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

function inkOn([red, green, blue]) {
  const linear = [red, green, blue].map((one) =>
    one / 255 <= 0.04045 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000" : "#fff";
}

export function paint(element, shade) {
  const colour = css(shade);
  if (element.shade === colour) return;
  element.shade = colour;
  element.style.background = colour;
  element.style.color = inkOn(shade);
}

// Numbers and words

export function short(value, digits = 2) {
  const whole = Number.isInteger(value) && digits < 4;
  const text = whole ? String(value) : value.toFixed(Math.abs(value) >= 100 ? Math.min(1, digits) : digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

export function braced(value) {
  const text = short(value, 3);
  return value < 0 ? `(${text})` : text;
}

export function fillIn(text, slots) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => slots[name] ?? whole);
}
