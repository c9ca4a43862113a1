// A part of the page "Fool it": made once for its element, updated with each rerun of the page.

const parts = new WeakMap(); // by element, which has a property "part" of its own

/**
 * @param {{parentElement: Element, data: object, setStateValue: (name: string, value: any) => void}} component
 * @param {string} selector Of the element.
 * @param {new (root: Element) => {tell: Function, update: (data: object) => void, stop: () => void}} Part
 * @param {string} name Of what `tell` sends to the server.
 * @returns {() => void} To be called when the element goes.
 */
export function mount({ parentElement, data, setStateValue }, selector, Part, name) {
  const root = parentElement.querySelector(selector);
  const part = parts.get(root) ?? new Part(root);
  parts.set(root, part);
  part.tell = (value) => setStateValue(name, value);
  part.update(data);
  return () => part.stop();
}
