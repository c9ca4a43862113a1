// Figures as files: a button for each kind, at the figure.

import { made } from "../reading/elements.js";

const SPACE = "http://www.w3.org/2000/svg";
const LEAST = 1200; // width of a PNG, in pixels
const TYPES = { svg: "image/svg+xml", png: "image/png" };

/**
 * Two buttons that give a figure as a file.
 * @param {{name: string, png: string, svg: string}} words Name of the file without its ending, and what the
 *   buttons do, for screen readers.
 * @param {() => string} draw The figure as an SVG that needs nothing else.
 */
export function saveButtons(words, draw) {
  const buttons = made("span", "save");
  for (const kind of ["png", "svg"]) {
    const button = made("button", kind, kind.toUpperCase());
    button.type = "button";
    button.title = words[kind];
    button.setAttribute("aria-label", words[kind]);
    button.addEventListener("click", () => save(draw(), words.name, kind));
    buttons.append(button);
  }
  return buttons;
}

async function save(svg, name, kind) {
  const file = new Blob([svg], { type: TYPES.svg });
  const address = URL.createObjectURL(kind === "svg" ? file : await painted(svg));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${name}.${kind}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser may still be writing the file
}

async function painted(svg) {
  const picture = new Image();
  picture.src = `data:${TYPES.svg};charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const times = Math.max(2, Math.ceil(LEAST / picture.width));
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: picture.width * times, height: picture.height * times });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => {
    canvas.toBlob(done, TYPES.png);
  });
}

/**
 * A picture with a title and the scale of its colours, as an SVG.
 * @param {{title: string, note: string, source: string, size: [number, number], sharp: boolean,
 *   legend: ?{colours: string[], low: string, high: string, middle: string}}} figure `source` is a data address.
 */
export function framed({ title, note, source, size, sharp, legend }) {
  const [width, height] = [Math.max(360, size[0]), (size[1] * Math.max(360, size[0])) / size[0]];
  const font = { "font-family": "system-ui, sans-serif", fill: "#1c1e26" };
  const svg = part("svg", { width: width + 24, height: height + 92, ...font });
  svg.append(part("rect", { width: "100%", height: "100%", fill: "#ffffff" }));
  svg.append(part("text", { x: 12, y: 26, "font-size": 15, "font-weight": 600 }, title));
  svg.append(
    part("text", { x: width + 12, y: 26, "font-size": 13, "text-anchor": "end", fill: "#5b606c" }, note),
  );
  const rendering = sharp ? "image-rendering: pixelated" : "";
  svg.append(part("image", { x: 12, y: 38, width, height, href: source, style: rendering }));
  if (legend) svg.append(...scale(legend, width, height + 54));
  return new XMLSerializer().serializeToString(svg);
}

function scale({ colours, low, high, middle }, width, top) {
  const ramp = part("linearGradient", { id: "ramp" });
  const last = colours.length - 1;
  colours.forEach((colour, at) =>
    ramp.append(part("stop", { offset: at / last, "stop-color": colour.split(" ")[0] })),
  );
  const size = { y: top + 24, "font-size": 13 };
  return [
    ramp,
    part("rect", { x: 12, y: top, width, height: 10, fill: "url(#ramp)" }),
    part("text", { x: 12, ...size }, low),
    part("text", { x: 12 + width / 2, ...size, "text-anchor": "middle" }, middle),
    part("text", { x: 12 + width, ...size, "text-anchor": "end" }, high),
  ];
}

function part(kind, attributes, words = "") {
  const element = document.createElementNS(SPACE, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = words;
  return element;
}
