// The straight line from one image to another, and what a network says along it.

/**
 * Each number as far on its way from the first image to the second.
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to As long as `from`.
 * @param {number} part 0 is the first image, 1 the second.
 * @returns {Float32Array}
 */
export function mix(from, to, part) {
  return Float32Array.from(from, (value, at) => value * (1 - part) + to[at] * part);
}

/**
 * The probabilities at each step of the way, both ends included. Yields after every answer, so that the caller
 * decides how many it asks for in one go.
 * @param {(pixels: Float32Array) => ArrayLike<number>} answer
 * @param {ArrayLike<number>} from
 * @param {ArrayLike<number>} to
 * @param {number} steps
 * @returns {Generator<undefined, ArrayLike<number>[]>}
 */
export function* along(answer, from, to, steps) {
  const answers = [];
  for (let at = 0; at <= steps; at += 1) {
    answers.push(answer(mix(from, to, at / steps)));
    yield;
  }
  return answers;
}

/**
 * Where the answer becomes another one.
 * @param {number[]} labels The class at each step.
 * @returns {{at: number, before: number, label: number}[]} The first step with the new answer, and both answers.
 */
export function turns(labels) {
  return labels.flatMap((label, at) =>
    at && label !== labels[at - 1] ? [{ at, before: labels[at - 1], label }] : [],
  );
}
