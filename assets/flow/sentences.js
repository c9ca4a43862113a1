// What the sentences under the picture say of one number of a stage.

import { unitAt } from "../network/layout.js";
import { percent } from "../reading/elements.js";
import { number, range } from "./readings.js";

export function valueKey(stage, { sum }) {
  return stage.kind === "conv" && sum.startsWith("−") ? "value_cut" : `value_${stage.kind}`;
}

// Pages that show one filter open with the one that is pointed at; pages of an image, with `address`.
export function exactly(link, { channel }, address) {
  const query = { ...link.query };
  if (link.channel && channel !== undefined) query[link.channel] = String(channel);
  if (link.image) Object.assign(query, address);
  return { ...link, query };
}

// The slots of the texts for number `index` of the stage at `place`.
export function slotsOf({ stages, classes }, tour, shown, place, index) {
  const stage = stages[place];
  const value = shown.values[place][index];
  const slots = { layer: stage.name, index, value: number(value), share: percent(value), sum: "" };
  if (stage.kind === "output") slots.name = classes[index];
  if (stage.kind === "input") slots.byte = Math.round(value * 255);
  const seen = tour.trace(place, index);
  if (!(0 in seen)) return slots;
  const maps = stage.kind === "flatten" ? place - 1 : place;
  Object.assign(slots, unitAt(stages[maps].shape, index));
  const [rows, columns] = [seen[0].rows, seen[0].columns];
  slots.size = `${rows[1] - rows[0]} × ${columns[1] - columns[0]}`;
  slots.rows = range(rows);
  slots.columns = range(columns);
  slots.source = stages[maps].name;
  if (stage.kind === "conv") slots.sum = number(shown.sums[place][index]);
  if (stage.kind === "pool") slots.four = under(stages[place - 1], shown.values[place - 1], seen[place - 1]);
  return slots;
}

// The numbers that a pooling takes the largest or the mean of.
function under({ shape }, values, { rows, columns, channel }) {
  const [, width, channels] = shape;
  const numbers = [];
  for (let row = rows[0]; row < rows[1]; row += 1)
    for (let column = columns[0]; column < columns[1]; column += 1)
      numbers.push(number(values[(row * width + column) * channels + channel]));
  return numbers.join(", ");
}
