// An image and the numbers of a window on it, which goes wherever one clicks, drags or steers it by the
// arrow keys (with Shift by its own width). Data: {image, pixels, height, width, channels, row, column,
// cells, sizes, words}; pixels are the bytes of the array, in base64. The place is sent as `place` =
// {image, row, column, cells} once it rests; the page's own is taken up with another `image` only.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const SIZES = { 1: 0.4, 3: 0.27, 4: 0.2 }; // of the figures, to the side of a cell, by channels
const REST = 250; // time without a move after which the place is sent, in ms

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".pixels");
  const view = (root.view ??= new View(root));
  view.update(data, setStateValue);
  return () => clearTimeout(view.timer);
}

class View {
  constructor(root) {
    for (const name of ["stage", "window", "grid", "said", "less", "more", "order", "unit"])
      this[name] = root.querySelector(`.${name}`);
    this.counted = root.querySelector(".count");
    this.canvas = root.querySelector("canvas");
    this.float = false;
    const { stage, grid } = this;
    stage.addEventListener("pointerdown", (event) => this.point(event, true));
    stage.addEventListener("pointermove", (event) => event.buttons && this.point(event, false));
    stage.addEventListener("keydown", (event) => this.press(event));
    for (const type of ["pointerover", "click"])
      grid.addEventListener(type, (event) => this.mark(event.target.dataset?.at));
    this.less.addEventListener("click", () => this.zoom(1));
    this.more.addEventListener("click", () => this.zoom(-1));
    this.unit.addEventListener("click", () => this.turn());
    new ResizeObserver(() => this.fit()).observe(stage);
  }

  update(data, send) {
    this.send = send;
    const other = this.data?.image !== data.image;
    this.data = data;
    this.stage.setAttribute("aria-label", data.words.stage);
    for (const name of ["less", "more"]) {
      this[name].title = data.words[name];
      this[name].setAttribute("aria-label", data.words[name]);
    }
    this.unit.textContent = this.float ? data.words.bytes : data.words.floats;
    if (!other) return this.say();
    this.bytes = Uint8Array.from(atob(data.pixels), (sign) => sign.charCodeAt(0));
    this.paint();
    this.cells = Math.min(data.cells, data.height, data.width);
    this.go(data.row, data.column, false);
  }

  paint() {
    const { height, width, channels } = this.data;
    Object.assign(this.canvas, { height, width });
    const picture = new ImageData(width, height);
    for (let at = 0; at < height * width; at++) {
      for (let channel = 0; channel < 3; channel++)
        picture.data[4 * at + channel] = this.bytes[at * channels + (channels === 1 ? 0 : channel)];
      picture.data[4 * at + 3] = channels === 4 ? this.bytes[at * channels + 3] : 255;
    }
    this.canvas.getContext("2d").putImageData(picture, 0, 0);
    this.fit();
  }

  fit() {
    if (!this.data) return;
    const { height, width } = this.data;
    const side = this.stage.clientWidth;
    this.scale = side / Math.max(height, width);
    this.left = (side - width * this.scale) / 2;
    this.top = (side - height * this.scale) / 2;
    this.canvas.classList.toggle("large", this.scale > 1);
    place(this.canvas, this.left, this.top, width * this.scale, height * this.scale);
    if (this.cells) this.frame();
  }

  frame() {
    const size = Math.max(10, this.cells * this.scale); // a window of few pixels of many is seen all the same
    const away = (size - this.cells * this.scale) / 2;
    const x = this.left + this.column * this.scale - away;
    place(this.window, x, this.top + this.row * this.scale - away, size, size);
  }

  go(row, column, tell = true) {
    const { height, width } = this.data;
    this.row = Math.min(Math.max(0, Math.round(row)), height - this.cells);
    this.column = Math.min(Math.max(0, Math.round(column)), width - this.cells);
    this.marked = [this.row, this.column];
    this.frame();
    this.fill();
    if (!tell) return;
    clearTimeout(this.timer);
    const found = { image: this.data.image, row: this.row, column: this.column, cells: this.cells };
    this.timer = setTimeout(() => this.send("place", found), REST);
  }

  fill() {
    const { cells, data } = this;
    this.grid.style.setProperty("--cells", cells);
    this.grid.style.setProperty("--size", SIZES[data.channels]);
    const wanted = (cells + 1) ** 2;
    if (this.grid.childElementCount !== wanted) this.grid.replaceChildren(...made(cells));
    const [corner, ...parts] = this.grid.children;
    corner.textContent = "";
    for (let at = 0; at < cells; at++) parts[at].textContent = this.column + at;
    for (let down = 0; down < cells; down++) {
      const line = parts.slice(cells + down * (cells + 1), cells + (down + 1) * (cells + 1));
      line[0].textContent = this.row + down;
      for (let across = 0; across < cells; across++)
        this.cell(line[across + 1], this.row + down, this.column + across);
    }
    this.count();
    this.say();
  }

  cell(part, row, column) {
    const values = this.values(row, column);
    const colour = shade(values);
    part.textContent = values.map((value) => this.number(value)).join("\n");
    part.style.background = `rgb(${colour})`;
    part.style.color = bright(colour) ? "#000" : "#fff";
    part.dataset.at = `${row},${column}`;
    part.classList.toggle("marked", row === this.marked[0] && column === this.marked[1]);
  }

  values(row, column) {
    const { width, channels } = this.data;
    const at = (row * width + column) * channels;
    return Array.from(this.bytes.subarray(at, at + channels));
  }

  number(value) {
    return this.float ? (value / 255).toFixed(2) : `${value}`;
  }

  count() {
    const { sizes, height, width, words } = this.data;
    this.counted.textContent = `${this.cells} × ${this.cells}`;
    this.order.textContent = this.data.channels > 1 ? `${"RGBA".slice(0, this.data.channels)} ↓` : "";
    this.more.disabled = this.cells <= sizes[0];
    this.less.disabled = this.cells >= Math.min(sizes.at(-1), height, width);
    this.grid.setAttribute("aria-label", words.grid);
  }

  say() {
    const [row, column] = this.marked;
    const numbers = this.values(row, column).map((value) => this.number(value));
    const value = numbers.length === 1 ? numbers[0] : `[${numbers.join(" ")}]`;
    this.said.textContent = `image[${row}, ${column}]${this.float ? " / 255" : ""}  # ${value}`;
    this.stage.setAttribute("aria-valuetext", this.said.textContent);
    this.stage.setAttribute("aria-valuemax", this.data.height * this.data.width - 1);
    this.stage.setAttribute("aria-valuenow", row * this.data.width + column);
  }

  mark(at) {
    if (!at) return;
    this.marked = at.split(",").map(Number);
    for (const part of this.grid.children) part.classList.toggle("marked", part.dataset.at === at);
    this.say();
  }

  point(event, begins) {
    if (begins) {
      this.stage.setPointerCapture(event.pointerId);
      this.stage.focus({ preventScroll: true });
    }
    const area = this.stage.getBoundingClientRect();
    const row = (event.clientY - area.top - this.top) / this.scale;
    const column = (event.clientX - area.left - this.left) / this.scale;
    this.go(row - this.cells / 2, column - this.cells / 2);
  }

  press(event) {
    if (event.key === "+" || event.key === "-") return this.zoom(event.key === "+" ? -1 : 1);
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const far = event.shiftKey ? this.cells : 1;
    this.go(this.row + far * step[0], this.column + far * step[1]);
  }

  zoom(direction) {
    const { sizes, height, width } = this.data;
    const wider = direction > 0;
    const next = wider
      ? sizes.find((size) => size > this.cells)
      : sizes.findLast((size) => size < this.cells);
    if (!next) return;
    const before = this.cells;
    this.cells = Math.min(next, height, width);
    const moved = (before - this.cells) / 2;
    this.go(this.row + moved, this.column + moved);
  }

  turn() {
    this.float = !this.float;
    this.unit.textContent = this.float ? this.data.words.bytes : this.data.words.floats;
    this.fill();
  }
}

function place(part, left, top, width, height) {
  const translate = `${left}px ${top}px`; // the browser counts no layout shift for it
  Object.assign(part.style, { translate, width: `${width}px`, height: `${height}px` });
}

function made(cells) {
  const parts = [];
  for (let at = 0; at < (cells + 1) ** 2; at++) {
    const heading = at <= cells || at % (cells + 1) === 0;
    parts.push(document.createElement(heading ? "b" : "span"));
  }
  return parts;
}

function shade(values) {
  if (values.length === 1) return [values[0], values[0], values[0]];
  const alpha = values.length === 4 ? values[3] / 255 : 1; // on white paper
  return values.slice(0, 3).map((value) => Math.round(value * alpha + 255 * (1 - alpha)));
}

function bright(colour) {
  const [red, green, blue] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179; // black on it stands out more than white
}
