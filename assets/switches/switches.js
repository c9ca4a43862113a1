// One picture of many tiles, each a switch: a click, Space or Enter turns it, arrow keys move between them. Data:
// {png, name, count, columns, width, height, gap, chosen, off, turn, alt, tips, sharp}, measures in pixels of the
// picture. A turn is shown immediately and sent as `turn`: {name, off, tile, turn}, always with all that is off, so that
// of quick turns the last one tells everything. The response to an earlier turn does not undo a later one.

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".switches");
  const board = (root.board ??= new Board(root));
  board.update(data, setTriggerValue);
}

class Board {
  constructor(root) {
    this.root = root;
    this.image = root.querySelector("img");
    this.tiles = root.querySelector(".tiles");
    this.turn = 0;
    root.addEventListener("click", (event) => this.flip(this.place(event.target)));
    root.addEventListener("keydown", (event) => this.press(event));
  }

  update(data, send) {
    const { count, columns, width, height, gap, name } = data;
    const other = name !== this.data?.name;
    const grid = JSON.stringify([count, columns, width, height, gap]);
    this.data = data;
    this.send = send;
    const source = `data:image/png;base64,${data.png}`;
    if (this.image.src !== source) this.image.src = source;
    this.image.alt = data.alt;
    this.root.setAttribute("aria-label", data.alt);
    this.root.classList.toggle("sharp", data.sharp);
    if (grid !== this.grid) this.build();
    this.grid = grid;
    if (other || data.turn >= this.turn) {
      this.off = new Set(data.off);
      this.chosen = data.chosen;
      this.turn = data.turn;
    }
    this.show();
  }

  build() {
    const { count, columns, width, height, gap } = this.data;
    const rows = Math.ceil(count / columns);
    const size = [columns * (width + gap) - gap, rows * (height + gap) - gap];
    this.root.style.aspectRatio = size.join("/");
    this.buttons = Array.from({ length: count }, (_, tile) => {
      const button = document.createElement("button");
      const [across, down] = [tile % columns, Math.floor(tile / columns)];
      button.type = "button";
      button.setAttribute("role", "switch");
      button.style.left = `${(100 * across * (width + gap)) / size[0]}%`;
      button.style.top = `${(100 * down * (height + gap)) / size[1]}%`;
      button.style.width = `${(100 * width) / size[0]}%`;
      button.style.height = `${(100 * height) / size[1]}%`;
      return button;
    });
    this.tiles.replaceChildren(...this.buttons);
  }

  show() {
    this.buttons.forEach((button, tile) => {
      button.setAttribute("aria-checked", String(!this.off.has(tile)));
      button.setAttribute("aria-label", this.data.tips[tile]);
      button.title = this.data.tips[tile];
      button.classList.toggle("chosen", tile === this.chosen);
      button.tabIndex = tile === (this.chosen ?? 0) ? 0 : -1;
    });
  }

  place(target) {
    const tile = this.buttons.indexOf(target);
    return tile < 0 ? null : tile;
  }

  flip(tile) {
    if (tile === null) return;
    if (!this.off.delete(tile)) this.off.add(tile);
    this.chosen = tile;
    this.turn += 1;
    this.show();
    const off = [...this.off].sort((a, b) => a - b);
    this.send("turn", { name: this.data.name, off, tile, turn: this.turn });
  }

  press(event) {
    const step = STEPS[event.key];
    const tile = this.place(event.target);
    if (!step || tile === null) return;
    event.preventDefault();
    this.buttons[tile + step[0] * this.data.columns + step[1]]?.focus();
  }
}
