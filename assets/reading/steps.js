// The way of a drawing into the network: four pictures from the strokes to the input, and a fifth of the whole
// canvas squeezed.

import { made, paintGrey, setAlt } from "./elements.js";

const NAMES = ["canvas", "crop", "scaled", "centred", "naive"];
const [SIDE, BOX] = [28, 20];

export class Steps {
  constructor(root, words) {
    this.root = root;
    this.words = words;
    this.figures = Object.fromEntries(NAMES.map((name) => [name, this.figure(name)]));
    root.replaceChildren(...Object.values(this.figures).map(({ figure }) => figure));
  }

  figure(name) {
    const [figure, square, caption] = [made("figure", name), made("div", "square"), made("figcaption")];
    const [canvas, size] = [made("canvas"), made("span")];
    setAlt(canvas, this.words[`step_${name}`]);
    square.append(canvas, made("i", "frame"));
    if (name === "centred") square.append(made("i", "middle"));
    caption.append(made("b", "", this.words[`step_${name}`]), " ", size);
    figure.append(square, caption);
    return { figure, canvas, size, frame: square.querySelector(".frame") };
  }

  /** The way of a drawing whose ink are those bytes; `steps` are null where nothing goes into the network. */
  show(steps, ink) {
    this.root.classList.toggle("empty", !steps);
    const blank = { height: SIDE, width: SIDE, pixels: new Float32Array(SIDE * SIDE) };
    const drawing = ink ? greyOf(ink) : blank;
    const pictures = steps
      ? [drawing, steps.cropped, steps.scaled, steps.centred, steps.uncentred]
      : NAMES.map((name) => (name === "canvas" ? drawing : blank));
    for (const [at, name] of NAMES.entries()) this.paint(name, pictures[at]);
    this.mark("canvas", steps?.crop, steps?.canvas.width);
    this.mark("centred", steps && [...steps.corner, steps.scaled.height, steps.scaled.width], SIDE);
  }

  paint(name, picture) {
    const { canvas, size } = this.figures[name];
    const { height, width } = picture;
    const side = name === "scaled" ? BOX : Math.max(height, width);
    paintGrey(canvas, picture);
    canvas.style.width = share(Math.min(1, width / side));
    canvas.style.height = share(Math.min(1, height / side));
    const said = `${height}×${width}`;
    size.textContent = name === "centred" ? this.words.input.replace("{size}", said) : said;
  }

  mark(name, box, side) {
    const { frame } = this.figures[name];
    frame.hidden = !box;
    if (!box) return;
    for (const [at, edge] of ["top", "left", "height", "width"].entries())
      frame.style[edge] = share(box[at] / side);
  }
}

function greyOf(ink) {
  const side = Math.sqrt(ink.length);
  return { height: side, width: side, pixels: Float32Array.from(ink, (byte) => byte / 255) };
}

function share(part) {
  return `${100 * part}%`;
}
