// What `assets/network/` returns to the Python tests, in Node and in a browser: numbers of every
// layer, traces and written-out sums. Arrays travel as base64 of float32 (`f4`) or float64 (`f8`).

import { Network } from "../../assets/network/network.js";
import { crossEntropy, largest } from "../../assets/network/contributions.js";
import { partialMaps } from "../../assets/network/convolution.js";
import { forward, resolve, terms } from "../../assets/network/layers.js";
import { unread } from "../../assets/network/layout.js";
import { covered, pack as inkOf } from "../../assets/pad/ink.js";
import { marksOn } from "../../assets/pad/marks.js";
import { prepare } from "../../assets/pad/preparation.js";
import { bytes, floats, unpack } from "../../assets/network/packed.js";
import { columnsOf, lookOf, measures, pixelsOf, sheet } from "../../assets/maps/colours.js";
import { barsOf } from "../../assets/maps/dense.js";
import { mapsOf, number, strongest as peak } from "../../assets/maps/layers.js";
import { imageOf } from "../../assets/maps/pack.js";
import { change } from "../../assets/robustness/changes.js";
import { flips, strongest } from "../../assets/robustness/flips.js";
import { along, mix, turns } from "../../assets/robustness/path.js";

export default function answers(questions) {
  return questions.map((question) => {
    if (question.limits) return packed(sorted(question));
    if (question.pictures) return pictured(question);
    if (question.described) return packed(described(question));
    if (question.numbers) return Array.from(floats(question.numbers), (value) => number(value));
    if (question.bars) return listed(barsOf(floats(question.bars)));
    if (question.pack) return packed(imageOf(question.data, imagesOf(question), question.number));
    if (question.strokes) return packed(drawn(question));
    if (question.canvas) return packed(prepare(bytes(question.canvas)));
    if (question.strengths) return packed(changed(question));
    if (question.steps) return packed(walked(question));
    if (question.slider) return packed(flipped(question));
    if (question.truth !== undefined) return packed(written(question));
    if (question.file) return packed(filed(question));
    return packed(question.layer ? one(question) : whole(question));
  });
}

// Maps in colours: {pictures: [{name, around, shape, values}], reach, tables}.
function pictured({ pictures, reach, tables }) {
  const all = pictures.map((maps) => ({ ...maps, values: floats(maps.values) }));
  return all.map((maps) => {
    const look = lookOf(all, maps, reach);
    const colours = pixelsOf(bytes(tables[maps.around ? "diverging" : "sequential"]));
    const grid = { columns: columnsOf(maps.shape[2]), ...measures(maps.shape) };
    const only = maps.shape[2] - 1;
    const [sheetOfAll, alone] = [grid, { ...grid, columns: 1, only }].map((cells) =>
      listed(sheet(maps, look, colours, cells)),
    );
    return { look, whole: sheetOfAll, alone };
  });
}

function listed({ width, height, pixels }) {
  return { width, height, pixels: [...pixels] };
}

// What a page shows of a network and an image: {described: {input, layers}, weights, image}.
function described({ described: { input, layers }, weights, image }) {
  const arrays = Object.fromEntries(Object.entries(weights).map(([name, text]) => [name, floats(text)]));
  const network = new Network({ input, layers }, arrays);
  const all = mapsOf(network, network.forward(floats(image)));
  return all.map((maps) => ({
    name: maps.name,
    shape: maps.shape,
    values: maps.values,
    peak: peak(maps, maps.shape[2] - 1),
    field: network.trace(maps.place, peak(maps, 0).index)[0],
  }));
}

// A pack as the browser has fetched it: {pack: base64, data, number}.
function imagesOf({ pack, data }) {
  return { name: data.pack.name, bytes: bytes(pack) };
}

// What strokes on the pad become: {strokes}.
function drawn({ strokes }) {
  const ink = covered(strokes);
  return { ink: inkOf(ink), ...prepare(ink) };
}

// The digits on the pad: {strokes, limits}.
function sorted({ strokes, limits }) {
  const ink = covered(strokes);
  const { verdict, canvases } = marksOn(ink, limits);
  return { ink: inkOf(ink), verdict, canvases: canvases.map(inkOf) };
}

// A changed image: {image, shape, strengths, centre}.
function changed({ image, shape, strengths, centre }) {
  return { image: change(floats(image), shape, strengths, centre) };
}

// Where along a slider a packed network answers otherwise, and what it answers at each value:
// {file, image, shape, slider: {name, values, neutral}}.
function flipped({ file, image, shape, slider: { name, values, neutral } }) {
  const { description, weights } = unpack(bytes(file).buffer);
  const network = new Network(description, weights);
  const answer = (value) => strongest(network.predict(change(floats(image), shape, { [name]: value })));
  const scan = flips(answer, values, neutral);
  let step = scan.next();
  while (!step.done) step = scan.next();
  return { ...step.value, labels: values.map((value) => answer(value)) };
}

// The way from one image to another: {file, from, to, steps}.
function walked({ file, from, to, steps }) {
  const { description, weights } = unpack(bytes(file).buffer);
  const network = new Network(description, weights);
  const [first, last] = [floats(from), floats(to)];
  const scan = along((pixels) => network.predict(pixels), first, last, steps);
  let step = scan.next();
  while (!step.done) step = scan.next();
  const images = Array.from({ length: steps + 1 }, (_, at) => mix(first, last, at / steps));
  return { images, answers: step.value, turns: turns(step.value.map((answer) => strongest(answer))) };
}

// The probabilities of a packed network: {file, images}.
function filed({ file, images }) {
  const { description, weights } = unpack(bytes(file).buffer);
  const network = new Network(description, weights);
  return images.map((image) => network.predict(floats(image)));
}

// A whole network: {input, layers, weights, image, units: [[place, index], ...]}.
function whole({ input, layers, weights, image, units }) {
  const arrays = Object.fromEntries(Object.entries(weights).map(([name, text]) => [name, floats(text)]));
  const network = new Network({ input, layers }, arrays);
  const { values, sums } = network.forward(floats(image));
  return {
    shapes: values.map((_, place) => network.shape(place)),
    values,
    sums,
    traces: units.map(([place, index]) => network.trace(place, index)),
    terms: units.map(([place, index]) => network.terms(place, index, values)),
  };
}

// What goes into numbers of a network, written out: the partial maps of one filter of each convolution, the
// largest contributions to one unit of each dense layer, the loss: {input, layers, weights, image, filter, truth}.
function written({ input, layers, weights, image, filter, truth }) {
  const arrays = Object.fromEntries(Object.entries(weights).map(([name, text]) => [name, floats(text)]));
  const network = new Network({ input, layers }, arrays);
  const { values } = network.forward(floats(image));
  const of = network.layers.map((layer, at) => {
    if (layer.kind === "conv")
      return partialMaps(layer, values[at], network.weights[at], filter % layer.filters);
    if (layer.kind !== "dense" && layer.kind !== "output") return null;
    return largest(network.terms(at + 1, filter % layer.units, values).products, 10);
  });
  return { of, loss: crossEntropy(network.terms(layers.length, 0, values), truth) };
}

// One layer that slides over an image, in 64 bits: {layer, input, kernel, bias, image, units: [index, ...]}.
function one({ layer, input, kernel, bias, image, units }) {
  const resolved = resolve(layer, input);
  const weights = kernel && { kernel: floats(kernel), bias: floats(bias) };
  const pixels = floats(image);
  return {
    place: resolved.place,
    output: resolved.output,
    values: forward(resolved, pixels, weights, Float64Array).values,
    unread: Array.from(unread(input, resolved, resolved.place)),
    terms: units.map((index) => terms(resolved, pixels, weights, index)),
  };
}

function packed(value) {
  if (value instanceof Float32Array) return { f4: base64(value) };
  if (value instanceof Float64Array) return { f8: base64(value) };
  if (Array.isArray(value)) return value.map((item) => packed(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, packed(item)]));
}

function base64(array) {
  let text = "";
  for (const byte of new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    text += String.fromCharCode(byte);
  return btoa(text);
}
