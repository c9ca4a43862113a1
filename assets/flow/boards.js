// How the numbers of one stage lie on the screen: maps as tiles, a long list as a strip, units as bars.
// A board knows which number is under a point, where a number is, and which one an arrow key leads to.

const GAP = 2; // between two tiles, in pixels of the page

export class Maps {
  constructor(stage, scale) {
    [this.height, this.width, this.channels] = stage.shape;
    this.columns = stage.columns;
    this.tile = Math.round(stage.side * scale);
    this.rows = Math.ceil(this.channels / this.columns);
    this.size = [this.columns, this.rows].map((count) => count * (this.tile + GAP) - GAP);
  }

  corner(channel) {
    const place = [channel % this.columns, Math.floor(channel / this.columns)];
    return place.map((step) => step * (this.tile + GAP));
  }

  at(x, y) {
    const step = this.tile + GAP;
    const within = (value, most) => Math.min(most, Math.max(0, Math.floor(value)));
    const [across, down] = [within(x / step, this.columns - 1), within(y / step, this.rows - 1)];
    const channel = Math.min(this.channels - 1, down * this.columns + across);
    const column = within(((x - across * step) / this.tile) * this.width, this.width - 1);
    const row = within(((y - down * step) / this.tile) * this.height, this.height - 1);
    return (row * this.width + column) * this.channels + channel;
  }

  // One number further; over the edge of a map lies the next one.
  move(index, [dx, dy], far) {
    const pixel = Math.floor(index / this.channels);
    const channel = index % this.channels;
    const [tx, ty] = [channel % this.columns, Math.floor(channel / this.columns)];
    const x = tx * this.width + (pixel % this.width) + dx * (far ? this.width : 1);
    const y = ty * this.height + Math.floor(pixel / this.width) + dy * (far ? this.height : 1);
    const next = Math.floor(y / this.height) * this.columns + Math.floor(x / this.width);
    if (x < 0 || x >= this.columns * this.width || y < 0 || next >= this.channels) return index;
    return ((y % this.height) * this.width + (x % this.width)) * this.channels + next;
  }

  // A rectangle of a map: left, top, width, height.
  box({ rows, columns }, channel) {
    const [left, top] = this.corner(channel);
    const [sx, sy] = [this.tile / this.width, this.tile / this.height];
    return [
      left + columns[0] * sx,
      top + rows[0] * sy,
      (columns[1] - columns[0]) * sx,
      (rows[1] - rows[0]) * sy,
    ];
  }

  draw(pen, values, paint) {
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [this.width, this.height * this.channels];
    const brush = sheet.getContext("2d");
    const pixels = brush.createImageData(sheet.width, sheet.height);
    const size = this.width * this.height;
    for (let index = 0; index < values.length; index += 1) {
      const to = (index % this.channels) * size + Math.floor(index / this.channels);
      paint(values[index], pixels.data, to * 4);
    }
    brush.putImageData(pixels, 0, 0);
    pen.imageSmoothingEnabled = false;
    for (let channel = 0; channel < this.channels; channel += 1) {
      const from = [0, channel * this.height, this.width, this.height];
      pen.drawImage(sheet, ...from, ...this.corner(channel), this.tile, this.tile);
    }
  }
}

class List {
  constructor(stage, scale) {
    this.count = stage.shape[0];
    this.columns = stage.columns;
    this.rows = Math.ceil(this.count / this.columns);
    this.cell = stage.side * scale;
    this.size = [this.columns * this.cell, this.rows * this.cell].map(Math.round);
  }

  at(x, y) {
    const within = (value, most) => Math.min(most, Math.max(0, Math.floor(value / this.cell)));
    return Math.min(this.count - 1, within(y, this.rows - 1) * this.columns + within(x, this.columns - 1));
  }

  move(index, [dx, dy], far) {
    const next = index + dx * (far ? 8 : 1) + dy * this.columns * (far ? 8 : 1);
    return next >= 0 && next < this.count ? next : index;
  }

  mark(index) {
    const [x, y] = [index % this.columns, Math.floor(index / this.columns)];
    return [x * this.cell, y * this.cell, this.cell, this.cell];
  }

  draw(pen, values, paint) {
    const pixels = new ImageData(this.columns, this.rows);
    for (let index = 0; index < this.count; index += 1) paint(values[index], pixels.data, index * 4);
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [this.columns, this.rows];
    sheet.getContext("2d").putImageData(pixels, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(sheet, 0, 0, ...this.size);
  }
}

class Bars {
  constructor(stage, scale) {
    this.count = stage.shape[0];
    this.step = stage.side * scale;
    this.size = [stage.columns * scale, this.count * this.step].map(Math.round);
    this.colour = stage.colour;
  }

  at(x, y) {
    return Math.min(this.count - 1, Math.max(0, Math.floor(y / this.step)));
  }

  move(index, [dx, dy], far) {
    const next = index + (dx + dy) * (far ? 10 : 1);
    return next >= 0 && next < this.count ? next : index;
  }

  mark(index) {
    return [0, index * this.step, this.size[0], this.step];
  }

  draw(pen, values, paint, most) {
    const gap = this.step > 8 ? 4 : 0.75;
    for (let index = 0; index < this.count; index += 1) {
      const place = [index * this.step + gap / 2, this.step - gap];
      pen.fillStyle = "rgba(128, 128, 128, 0.16)";
      pen.fillRect(0, place[0], this.size[0], place[1]);
      pen.fillStyle = this.colour;
      pen.fillRect(0, place[0], (values[index] / most) * this.size[0], place[1]);
    }
  }
}

export const BOARDS = {
  input: Maps,
  conv: Maps,
  pool: Maps,
  flatten: List,
  dense: Bars,
  dropout: Bars,
  output: Bars,
};
