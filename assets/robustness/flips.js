// Where along a slider the answer becomes another one: found by asking for each of its values.

/**
 * From the neutral value outward, first up, then down, until the answer is another one. Yields after every
 * answer, so that the caller decides how many it asks for in one go; returns what was found.
 * @param {(value: number) => number} answer The class at a value.
 * @param {number[]} values Of the slider, in order.
 * @param {number} neutral One of them.
 * @returns {Generator<undefined, {base: number, up: Flip | null, down: Flip | null}>}
 */
export function* flips(answer, values, neutral) {
  const start = values.indexOf(neutral);
  const base = answer(neutral);
  yield;
  const found = { base, up: null, down: null };
  for (const [name, step] of [
    ["up", 1],
    ["down", -1],
  ])
    for (let at = start + step; at >= 0 && at < values.length; at += step) {
      const label = answer(values[at]);
      if (label !== base) {
        found[name] = { at, value: values[at], label };
        break;
      }
      yield;
    }
  return found;
}

/** @typedef {{at: number, value: number, label: number}} Flip Place of a value, the value, the class there. */

/** The class with the largest number. */
export function strongest(shares) {
  return shares.reduce((best, share, at) => (share > shares[best] ? at : best), 0);
}
