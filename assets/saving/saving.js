// The buttons of a figure that the server draws as an SVG. Data: {svg, words}; see `saveButtons`.

import { saveButtons } from "./save.js";

export default function ({ parentElement, data }) {
  const buttons = saveButtons(data.words, () => data.svg);
  parentElement.querySelector(".saving").replaceChildren(buttons);
}
