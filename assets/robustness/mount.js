// A part of the page "Fool it": made once for its element, updated with each rerun of the page.

/**
 * @param {{parentElement: Element, data: object, setStateValue: (name: string, value: any) => void}} component
 * @param {string} selector Of the element.
 * @param {new (root: Element) => {tell: Function, update: (data: object) => void, stop: () => void}} Part
 * @param {string} name Of what `tell` sends to the server.
 * @returns {() => void} To be called when the element goes.
 */
export function mount({ parentElement, data, setStateValue }, selector, Part, name) {
  const root = parentElement.querySelector(selector);
  const part = (root.part ??= new Part(root));
  part.tell = (value) => setStateValue(name, value);
  part.update(data);
  return () => part.stop();
}
