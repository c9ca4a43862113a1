// One picture of many tiles with a tile that is chosen: by the pointer, or by the arrow keys.

import { framed, saveButtons } from "../saving/save.js";

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
export const PHONE = "(max-width: 640px)";

export class Board {
  constructor(boards) {
    this.section = boards.querySelector("template").content.cloneNode(true).firstElementChild;
    boards.append(this.section);
    const root = this.section.querySelector(".tiles");
    this.root = root;
    this.image = root.querySelector("img, canvas");
    root.addEventListener("click", (event) => this.pick(this.under(event)));
    root.addEventListener("pointermove", (event) => this.point(this.under(event)));
    root.addEventListener("pointerleave", () => this.point(null));
    root.addEventListener("keydown", (event) => this.press(event));
  }

  again() {
    this.update(this.given, this.send);
  }

  update(given, send) {
    this.given = given;
    const data = relaid(given);
    const marks = JSON.stringify([data.marks, data.columns, data.rows]);
    this.data = data;
    this.send = send;
    this.size = [
      data.columns * (data.width + data.gap) - data.gap,
      data.rows * (data.height + data.gap) - data.gap,
    ];
    this.section.dataset.board = data.name;
    this.section.classList.toggle("first", data.first);
    this.caption(data);
    this.colour(data.legend);
    this.picture(data, given);
    this.root.style.aspectRatio = this.size.join("/");
    this.root.classList.toggle("sharp", data.sharp);
    this.root.setAttribute("aria-label", data.alt);
    this.root.setAttribute("aria-valuemax", data.count - 1);
    if (this.marks !== marks) this.mark(data.marks);
    this.marks = marks;
    this.choose(data.chosen);
  }

  picture(data, given) {
    const picture = `${data.columns} ${data.png}`;
    if (this.painted !== picture) this.paint(data, given);
    this.painted = picture;
    this.image.alt = data.alt;
  }

  async paint(data, given) {
    const source = `data:image/png;base64,${data.png}`;
    const turn = (this.turn = {}); // a picture that comes later than the next one is not shown
    const wanted = data.columns === given.columns ? source : await retiled(source, given, data);
    if (this.turn === turn) this.image.src = wanted;
  }

  caption({ title, note }) {
    const head = this.section.querySelector(".head");
    head.hidden = !title && !note;
    head.querySelector("b").textContent = title;
    this.offer(this.section.querySelector(".files"));
    head.querySelector("span").textContent = note;
  }

  /** The picture as an address. */
  source() {
    return this.image.src;
  }

  // Buttons that give the picture as a file.
  offer(place) {
    const { save } = this.given;
    const offered = JSON.stringify(save);
    if (this.offered === offered) return;
    this.offered = offered;
    const draw = () => framed({ ...this.data, source: this.source(), size: this.size });
    place.replaceChildren(...(save ? [saveButtons(save, draw)] : []));
  }

  colour(legend) {
    const foot = this.section.querySelector(".foot");
    foot.hidden = !legend;
    if (!legend) return;
    const [low, high] = foot.querySelectorAll(".end");
    low.textContent = legend.low;
    high.textContent = legend.high;
    foot.querySelector(".ramp").style.background = `linear-gradient(90deg,${legend.colours})`;
    foot.querySelector("i").textContent = legend.middle;
  }

  choose(tile) {
    this.chosen = tile;
    this.frame(".chosen", tile);
    this.root.setAttribute("aria-valuenow", tile ?? 0);
    this.root.setAttribute("aria-valuetext", tile === null ? "" : this.data.tips[tile]);
  }

  mark(marks) {
    this.root.querySelector(".marks").replaceChildren(
      ...marks.map(([tile, sign]) => {
        const span = document.createElement("span");
        const { left, top, width } = this.place(tile);
        Object.assign(span.style, { left: `${left + width}%`, top: `${top}%` });
        span.textContent = sign;
        return span;
      }),
    );
  }

  place(tile) {
    const { columns, width, height, gap } = this.data;
    const [across, down] = [tile % columns, Math.floor(tile / columns)];
    return {
      left: (100 * across * (width + gap)) / this.size[0],
      top: (100 * down * (height + gap)) / this.size[1],
      width: (100 * width) / this.size[0],
      height: (100 * height) / this.size[1],
    };
  }

  frame(name, tile) {
    const frame = this.root.querySelector(name);
    frame.hidden = tile === null;
    if (tile === null) return;
    for (const [edge, share] of Object.entries(this.place(tile))) frame.style[edge] = `${share}%`;
  }

  under(event) {
    const { columns, width, height, gap, count } = this.data;
    const area = this.root.getBoundingClientRect();
    const x = ((event.clientX - area.left) / area.width) * this.size[0];
    const y = ((event.clientY - area.top) / area.height) * this.size[1];
    const column = Math.min(columns - 1, Math.max(0, Math.floor(x / (width + gap))));
    const tile = Math.max(0, Math.floor(y / (height + gap))) * columns + column;
    return tile < count ? tile : null;
  }

  point(tile) {
    this.frame(".hover", tile);
    this.root.title = tile === null ? "" : this.data.tips[tile];
  }

  pick(tile) {
    if (tile === null) return;
    this.choose(tile);
    this.send(tile);
  }

  press(event) {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const tile = (this.chosen ?? 0) + step[0] * this.data.columns + step[1];
    if (tile >= 0 && tile < this.data.count) this.pick(tile);
  }
}

// The board with as many columns as a phone has room for.
function relaid(data) {
  if (!window.matchMedia(PHONE).matches || !data.narrow || data.narrow >= data.columns) return data;
  return { ...data, columns: data.narrow, rows: Math.ceil(data.count / data.narrow) };
}

// The same tiles in the rows of another board, as an address.
async function retiled(source, from, to) {
  const picture = new Image();
  picture.src = source;
  await picture.decode();
  const [width, height] = [to.width + to.gap, to.height + to.gap];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: to.columns * width - to.gap, height: to.rows * height - to.gap });
  const pen = canvas.getContext("2d");
  for (let tile = 0; tile < to.count; tile += 1) {
    const place = ({ columns }) => [(tile % columns) * width, Math.floor(tile / columns) * height];
    pen.drawImage(picture, ...place(from), to.width, to.height, ...place(to), to.width, to.height);
  }
  return canvas.toDataURL();
}
