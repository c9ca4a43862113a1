// What goes into one number, in the order of its weight: for a reader, who cannot look at thousands of products.

/**
 * The largest products of a unit by their size, and all others as one number.
 * @param {ArrayLike<number>} products
 * @param {number} count How many are named.
 * @returns {{largest: number[], sum: number, rest: number, others: number}} Places of the largest, their sum;
 *   the sum of the others, and how many those are.
 */
export function largest(products, count) {
  const order = Array.from(products, (_, at) => at);
  order.sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]) || a - b);
  const first = order.slice(0, count);
  const added = (places) => places.reduce((total, at) => total + products[at], 0);
  const others = order.slice(count);
  return { largest: first, sum: added(first), rest: added(others), others: others.length };
}

/**
 * The cross-entropy of an image, -ln p of its true class; finite where p itself is too small for a number.
 * @param {{logits: ArrayLike<number>, most: number, total: number}} terms As `denseTerms` gives them.
 * @param {number} truth
 */
export function crossEntropy({ logits, most, total }, truth) {
  return Math.log(total) + most - logits[truth];
}
