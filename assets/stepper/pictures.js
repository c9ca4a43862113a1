// The stepper's pictures: the image under the window, the map that grows, all maps of a layer.

import { cellAt, frame, hatch, zeroAt } from "./paint.js";
import { Readout } from "./readout.js";

export class Pictures extends Readout {
  // One picture of all maps, a pixel a cell.
  paintMaps() {
    const { rows, columns } = this.place;
    const across = Math.min(this.filters, this.filters > 32 ? 8 : this.filters > 9 ? 6 : 3);
    this.tiling = { across, down: Math.ceil(this.filters / across) };
    const picture = new OffscreenCanvas(columns * across, rows * this.tiling.down);
    const pen = picture.getContext("2d");
    const pixels = pen.createImageData(picture.width, picture.height);
    for (let filter = 0; filter < this.filters; filter += 1)
      for (let cell = 0; cell < rows * columns; cell += 1) {
        const r = Math.floor(filter / across) * rows + Math.floor(cell / columns);
        const c = (filter % across) * columns + (cell % columns);
        const shade = this.shade(this.maps[cell * this.filters + filter], this.look);
        pixels.data.set([...shade, 255], (r * picture.width + c) * 4);
      }
    pen.putImageData(pixels, 0, 0);
    return picture;
  }

  shade(value, look) {
    const span = look.high - look.low;
    const part =
      span > 0 ? Math.min(1, Math.max(0, (value - look.low) / span)) : look.scale === "diverging" ? 0.5 : 0;
    const grey = Math.round(part * 255);
    if (look.scale === "grey") return [grey, grey, grey];
    const table = this.scales[look.scale];
    const at = Math.round(part * (table.length / 3 - 1)) * 3;
    return table.slice(at, at + 3);
  }

  // Redraw what does not move, then what does.
  repaint() {
    if (!this.setup || !this.root.clientWidth) return;
    const { top, bottom, left, right, rows, columns } = this.place;
    const [height, width, channels] = this.setup.shape;
    this.input.lay(top + height + bottom, left + width + right, -top, -left);
    this.output.lay(rows, columns, 0, 0);
    const ink = getComputedStyle(this.root).color;
    this.input.still((pen, size) => {
      for (let pixel = 0; pixel < height * width; pixel += 1) {
        const [r, c] = [Math.floor(pixel / width), pixel % width];
        const value = this.setup.image[pixel * channels + this.channel];
        cellAt(pen, size, r, c, this.shade(value, this.inputLook), value);
        if (this.unread[pixel]) hatch(pen, c * size, r * size, size);
      }
      for (let r = -top; r < height + bottom; r += 1)
        for (let c = -left; c < width + right; c += 1)
          if (r < 0 || c < 0 || r >= height || c >= width) zeroAt(pen, size, r, c, ink);
    });
    this.output.still((pen, size) => {
      for (let cell = 0; cell < this.cells; cell += 1) {
        const value = this.maps[cell * this.filters + this.filter];
        const [r, c] = [Math.floor(cell / columns), cell % columns];
        cellAt(pen, size, r, c, this.shade(value, this.one), value);
      }
    });
    this.laySheet();
    this.show();
  }

  laySheet() {
    const canvas = this.sheet.querySelector("canvas");
    const { across, down } = this.tiling;
    const { rows, columns } = this.place;
    if (!this.root.classList.contains("many") || !canvas.clientWidth) return;
    const gap = 2 * Math.ceil(devicePixelRatio);
    const tile = Math.max(1, Math.floor((canvas.clientWidth * devicePixelRatio + gap) / across) - gap);
    const high = Math.max(1, Math.round((tile * rows) / columns));
    this.tiling = { across, down, gap, tile, high };
    canvas.width = across * (tile + gap) - gap;
    canvas.height = down * (high + gap) - gap;
    this.drawn = null;
  }

  // The part of each map that is revealed; of what is there already only the rest.
  fillSheet() {
    const { across, gap, tile, high } = this.tiling;
    if (!tile) return;
    const canvas = this.sheet.querySelector("canvas");
    const pen = canvas.getContext("2d");
    const { rows, columns } = this.place;
    let from = this.drawn;
    if (from === null || from > this.revealed) {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.fillStyle = "rgba(128, 128, 128, 0.18)";
      for (let filter = 0; filter < this.filters; filter += 1)
        pen.fillRect(
          (filter % across) * (tile + gap),
          Math.floor(filter / across) * (high + gap),
          tile,
          high,
        );
      from = 0;
    }
    if (from === this.revealed) return;
    pen.imageSmoothingEnabled = false;
    const [first, last] = [Math.floor(from / columns), Math.ceil(this.revealed / columns)];
    pen.save();
    for (let filter = 0; filter < this.filters; filter += 1) {
      const [x, y] = [(filter % across) * (tile + gap), Math.floor(filter / across) * (high + gap)];
      const [sx, sy] = [(filter % across) * columns, Math.floor(filter / across) * rows];
      for (let row = first; row < last; row += 1) {
        const count = Math.min(columns, this.revealed - row * columns);
        const [above, below] = [Math.round((row * high) / rows), Math.round(((row + 1) * high) / rows)];
        const wide = Math.round((count * tile) / columns);
        pen.drawImage(this.pictures, sx, sy + row, count, 1, x, y + above, wide, below - above);
      }
    }
    pen.restore();
    this.drawn = this.revealed;
  }

  // Height and width of the image under the window, with the pixels that a dilation leaves out.
  span() {
    return this.setup.window.map((size) => (size - 1) * this.setup.dilation + 1);
  }

  // What moves: the window, the cell, the maps as far as they are, the numbers.
  show(part = 0) {
    if (!this.setup || this.index === null) return;
    const { top, left, columns } = this.place;
    const { stride, window, dilation } = this.setup;
    const [high, wide] = this.span();
    const glides = part > 0 && this.column < columns - 1;
    const eased = glides ? part * part * (3 - 2 * part) : 0;
    const x = (this.column + eased) * stride - left;
    const y = this.row * stride - top;
    this.input.moved((pen, size) => {
      frame(pen, x, y, wide, high, size);
      const taps = dilation > 1 ? window[0] * window[1] : 0;
      for (let tap = 0; tap < taps; tap += 1) {
        const [down, across] = [Math.floor(tap / window[1]), tap % window[1]];
        frame(pen, x + across * dilation, y + down * dilation, 1, 1, size);
      }
    });
    this.output.moved((pen, size) => frame(pen, this.column, this.row, 1, 1, size), this.revealed, columns);
    this.frames += 1;
    if (glides && this.told === this.index) return; // only the window has moved
    this.told = this.index;
    this.fillSheet();
    this.numbers();
  }
}
