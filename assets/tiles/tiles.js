// Pictures of many tiles, each with a tile that is chosen: by the pointer, or by the arrow keys. Data:
// {across, boards: [{name, title, note, legend: {colours, low, high, middle}, first, png, count, columns, rows, width, height, gap, chosen, alt, tips,
// marks: [[tile, sign]], sharp, narrow, save, values}]}, measures in pixels of the picture. A choice is
// sent as `pick`: [board, tile], and framed immediately, without waiting for the answer. Where the board has `values`,
// other parts of the page are told that of the tile, as "picked-" and the board's name.

import { tell } from "../pad/channel.js";
import { Board, PHONE } from "./board.js";

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".boards");
  const boards = (root.all ??= []);
  root.turned ??= whenTurned(() => boards.forEach((board) => board.again()));
  root.style.setProperty("--across", data.across);
  while (boards.length < data.boards.length) boards.push(new Board(root));
  while (boards.length > data.boards.length) boards.pop().section.remove();
  boards.forEach((board, index) => {
    const { name, values } = data.boards[index];
    board.update(data.boards[index], (tile) => {
      if (values) tell(`picked-${name}`, { value: values[tile] });
      setTriggerValue("pick", [index, tile]);
    });
  });
}

// Call `again` whenever the window becomes as narrow as a phone, or wider.
function whenTurned(again) {
  window.matchMedia(PHONE).addEventListener("change", again);
  return true;
}
