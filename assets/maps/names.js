// What layers are called.

import { fill } from "../sums/numbers.js";

/** "conv1 before ReLU", "conv1 after ReLU", "pool1 · Max 2×2". */
export function layerTitle({ layer, around }, { words, pools, activations }) {
  if (layer.kind === "pool")
    return fill(words.pool, { layer: layer.name, kind: pools[layer.pool], side: layer.window[0] });
  const activation = activations[layer.activation] ?? layer.activation;
  return fill(around ? words.before : words.after, { layer: layer.name, activation });
}
