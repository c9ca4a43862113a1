// What a network's layers say to one image, in the order in which the page shows them.

/** @typedef {import("./colours.js").Maps & {place: number, layer: object}} LayerMaps */

/**
 * Everything that has maps: "conv1/sum", "conv1", "pool1" and so on.
 * @param {import("../network/network.js").Network} network
 * @param {{values: ArrayLike<number>[], sums: ArrayLike<number>[]}} answer Of its `forward`.
 * @returns {LayerMaps[]}
 */
export function mapsOf(network, { values, sums }) {
  const all = [];
  for (const [at, layer] of network.layers.entries()) {
    const place = at + 1;
    const common = { layer, place, shape: layer.output };
    if (layer.kind === "conv")
      all.push({ ...common, name: `${layer.name}/sum`, around: true, values: sums[place] });
    if (layer.kind === "conv" || layer.kind === "pool")
      all.push({ ...common, name: layer.name, around: false, values: values[place] });
  }
  return all;
}

/** Row, column and number of the largest value of one map; of equal ones the first. */
export function strongest({ shape: [, width, channels], values }, channel) {
  let best = channel;
  for (let at = channel; at < values.length; at += channels) if (values[at] > values[best]) best = at;
  const pixel = Math.floor(best / channels);
  return { row: Math.floor(pixel / width), column: pixel % width, value: values[best], index: best };
}

/** Three significant digits with a real minus sign, as the server writes them: "−0.142", "0.810", "1,234". */
export function number(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  let text = value.toPrecision(3);
  if (size >= 1000) text = Math.round(value).toLocaleString("en-US");
  else if (Number(size.toPrecision(3)) < 1e-4) text = value.toExponential(2);
  return text.replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`).replaceAll("-", "−");
}
