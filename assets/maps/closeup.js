// One map beside the image and the kernel that made it, the strongest place marked on both.

import { paint } from "../robustness/paint.js";
import { made, setAlt } from "../reading/elements.js";
import { fill } from "../sums/numbers.js";
import { measures, rounded, sheet } from "./colours.js";
import { number, strongest } from "./layers.js";
import { put } from "./put.js";

const KERNEL_CELL = 30; // least side of a kernel in the picture, as on the server

export class CloseUp {
  constructor(root) {
    this.figures = [0, 1, 2].map(() => figure());
    const [image, kernel, map] = this.figures;
    for (const { frame } of [image, map]) {
      frame.className = "framed";
      frame.append(made("canvas"), made("i", "box"));
    }
    kernel.frame.className = "frame";
    const sign = () => made("span", "sign", "→");
    root.replaceChildren(image.root, sign(), kernel.root, sign(), map.root);
  }

  /** @param {object} view As `Stage.view` makes it. */
  show(view) {
    const { words, network, maps, map, image } = view;
    const peak = strongest(maps, map);
    const [picture, kernel, enlarged] = this.figures;
    const shape = image.shape;
    mark(picture.frame, shape, network.trace(maps.place, peak.index)[0]);
    paint(picture.frame.firstChild, shape, image.pixels);
    setAlt(picture.frame.firstChild, image.title);
    caption(picture, words.input, [times(shape), image.title]);
    this.kernel(kernel, view);
    const cell = { rows: [peak.row, peak.row + 1], columns: [peak.column, peak.column + 1] };
    mark(enlarged.frame, maps.shape, cell);
    const grid = { columns: 1, ...measures(maps.shape), only: map };
    put(enlarged.frame.firstChild, sheet(maps, view.look, view.colours(maps.around), grid));
    const title = fill(words.map, { map });
    setAlt(enlarged.frame.firstChild, title);
    const { row, column } = peak;
    const said = { shape: times(maps.shape.slice(0, 2)), value: number(peak.value), row, column };
    caption(enlarged, title, [fill(words.strongest, said)]);
  }

  kernel(panel, view) {
    const { words, network, maps, map } = view;
    const shown = `${view.name} ${maps.name} ${map} ${view.theme}`;
    if (this.shown === shown) return;
    this.shown = shown;
    const { layer, place } = maps;
    panel.frame.classList.toggle("inside", layer.kind === "pool");
    if (layer.kind === "pool") {
      const [side] = layer.window;
      panel.frame.replaceChildren(fill(words.pooling, { side }));
      caption(panel, view.pools[layer.pool], [`${side}×${side}`]);
      return;
    }
    const { kernel, bias } = network.weights[place - 1];
    const size = [...layer.window, layer.input[2]];
    const title = fill(words.kernel, { map });
    const one = picked(kernel, layer.filters, map);
    panel.frame.replaceChildren(
      size[2] === 1
        ? numbers(one, size[1], largest(kernel), title, view.diverging)
        : pictures(one, size, `${title}, ${times(size)}`, view.colours(true)),
    );
    caption(panel, title, [fill(words.kernel_words, { shape: times(size), bias: number(bias[map]) })]);
  }
}

function figure() {
  const root = made("figure");
  const [frame, words] = [made("div"), made("figcaption")];
  words.append(made("b"), made("span"));
  root.append(frame, words);
  return { root, frame, words };
}

function caption({ words }, title, lines) {
  words.firstChild.textContent = title;
  const parts = lines.flatMap((line, at) => (at ? [made("br"), line] : [line]));
  words.lastChild.replaceChildren(...parts);
}

function mark(frame, [height, width], { rows, columns }) {
  const part = (pixels, side) => `${((100 * pixels) / side).toFixed(3)}%`;
  frame.style.setProperty("--shape", `${width}/${height}`);
  Object.assign(frame.lastChild.style, {
    top: part(rows[0], height),
    left: part(columns[0], width),
    height: part(rows[1] - rows[0], height),
    width: part(columns[1] - columns[0], width),
  });
}

// The weights of one filter, of a kernel that lies flat in the order (kh, kw, c_in, c_out).
function picked(kernel, filters, map) {
  return Float32Array.from({ length: kernel.length / filters }, (_, at) => kernel[at * filters + map]);
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
}

function numbers(values, side, reach, alt, table) {
  const grid = made("div", "kernel-grid");
  grid.style.gridTemplateColumns = `repeat(${side},1fr)`;
  grid.style.setProperty("--side", side);
  setAlt(grid, alt);
  for (const value of values) {
    const cell = made("span", "", hundredths(value));
    const part = 0.5 + 0.5 * Math.min(1, Math.max(-1, value / reach));
    const at = 3 * rounded(part * (table.length / 3 - 1));
    const shade = [...table.subarray(at, at + 3)];
    cell.style.background = `rgb(${shade})`;
    cell.style.color = ink(shade);
    grid.append(cell);
  }
  return grid;
}

// Two decimals, never "−0.00".
export function hundredths(value) {
  const text = value.toFixed(2);
  return Number(text) === 0 ? "0.00" : text.replace("-", "−");
}

// Black or white, whichever stands out more (WCAG 2).
function ink(shade) {
  const [red, green, blue] = shade.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? "#000000" : "#ffffff";
}

function pictures(values, shape, alt, colours) {
  const [height, width, channels] = shape;
  const reach = largest(values);
  const columns = Math.max(1, Math.min(channels, Math.round(Math.sqrt((channels * height) / width))));
  const zoom = Math.ceil(KERNEL_CELL / Math.max(height, width));
  const grid = { columns, zoom, gap: Math.floor(KERNEL_CELL / 8) };
  const canvas = made("canvas");
  put(canvas, sheet({ shape, values }, { around: true, low: -reach, high: reach }, colours, grid));
  setAlt(canvas, alt);
  return canvas;
}

export function times(shape) {
  return shape.join("×");
}
