// Networks that this window has fetched. They stay over reruns and pages: a name stands for its bytes.

import { Network } from "../network/network.js";
import { unpack } from "../network/packed.js";

const networks = new Map();

/** The network of that name, fetched once from its address. */
export function network({ name, url }) {
  if (!networks.has(name)) {
    const fetched = read(url);
    fetched.catch(() => networks.delete(name)); // so that the next drawing tries again
    networks.set(name, fetched);
  }
  return networks.get(name);
}

/** Keep a network that is here already, under its name. */
export function provide(name, ready) {
  networks.set(name, Promise.resolve(ready));
}

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const { description, weights } = unpack(await answer.arrayBuffer());
  return new Network(description, weights);
}
