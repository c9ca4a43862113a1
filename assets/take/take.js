// The page to take away: a pad and what a network says to it, in one HTML file. The network lies in the file
// itself, and nothing is ever fetched.

import { Network } from "../network/network.js";
import { bytes, unpack } from "../network/packed.js";
import { default as mountPad } from "../pad/pad.js";
import { default as mountReading } from "../reading/reading.js";
import { provide } from "../reading/store.js";

/** @param {(id: string) => HTMLElement} part The element of that id. */
export default function open(part = (id) => document.getElementById(id)) {
  const { pad, reading } = JSON.parse(part("words").textContent);
  const { description, weights } = unpack(bytes(part("weights").textContent.trim()).buffer);
  provide(reading.networks[0].name, new Network(description, weights));
  // The styles of the pad are written for a tree of its own.
  const tree = part("pad").attachShadow({ mode: "open" });
  tree.append(part("pad-parts").content.cloneNode(true));
  mountReading({ parentElement: part("reading"), data: reading });
  mountPad({ parentElement: tree, data: pad, setStateValue: () => {} });
}
