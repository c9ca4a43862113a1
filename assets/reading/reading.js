// What networks say to the drawing on a pad, computed here in the frame in which a stroke moves. Data: {pad,
// networks: [{name, url, title, classes, digits, same, other, maps, shape, columns}], colours, words, limits}; see pages/parts/draw/reading.py.

import { bytes } from "../network/packed.js";
import { listen, tell } from "../pad/channel.js";
import { marksOn } from "../pad/marks.js";
import { prepare } from "../pad/preparation.js";
import { Answer } from "./answer.js";
import { Steps } from "./steps.js";

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".desk");
  const desk = (root.desk ??= new Desk(root));
  desk.update(data);
  return () => desk.listening?.abort();
}

class Desk {
  constructor(root) {
    this.root = root;
    this.drawing = { ink: null, number: 0, live: false };
  }

  update(data) {
    const [build, part] = [
      JSON.stringify({ ...data, networks: data.networks.map(kept) }),
      this.root.children,
    ];
    if (build !== this.built) {
      this.built = build;
      const colours = bytes(data.colours);
      this.steps = new Steps(part[0], data.words);
      this.answers = data.networks.map((one) => new Answer(one, data.words, colours, () => this.show()));
      part[1].replaceChildren(...this.answers.map(({ reading }) => reading));
      part[2].replaceChildren(...this.answers.map(({ maps }) => maps));
      for (const row of [part[1], part[2]]) row.style.setProperty("--count", this.answers.length);
    }
    this.pad = data.pad;
    this.limits = data.limits;
    this.networks = data.networks;
    this.listening?.abort();
    this.listening = new AbortController();
    this.show();
    const heard = (drawing) => this.show(drawing);
    listen(`drawing-${data.pad}`, heard, this.listening.signal);
  }

  show(drawing = this.drawing) {
    this.drawing = drawing;
    const short = this.answers.map((answer, at) => {
      const content = this.contentFor(this.networks[at], drawing.ink);
      if (at === 0) this.steps.show(content.ways[0], drawing.ink);
      return answer.show(content, drawing);
    });
    for (const { reading } of this.answers) reading.dataset.drawing = drawing.number;
    tell(`answer-${this.pad}`, short.join(" · "));
  }

  // What is on the pad for a network, and the way of each digit into it; of clothes, that of all strokes together.
  contentFor({ digits }, ink) {
    if (!ink) return { verdict: "empty", ways: [] };
    const { verdict, canvases } = digits ? marksOn(ink, this.limits) : { verdict: "one", canvases: [ink] };
    return { verdict, ways: canvases.map(prepare) };
  }
}

// The address may be another after a rerun; the name says whether it is another network.
function kept(network) {
  return { ...network, url: null };
}
