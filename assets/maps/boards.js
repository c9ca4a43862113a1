// All maps of the network, a board for each layer, and the dense layers below: what `maps.js` has computed, in the
// same frame. Data: {networks: names of those whose maps are wanted, words}; a click goes back as "feature-maps-pick".

import { listen, tell } from "../pad/channel.js";
import { fill } from "../sums/numbers.js";
import { Board } from "../tiles/board.js";
import { columnsOf, measures, sheet } from "./colours.js";
import { times } from "./closeup.js";
import { Dense } from "./dense.js";
import { number } from "./layers.js";
import { layerTitle } from "./names.js";
import { put } from "./put.js";

const ACROSS = 3;

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".live-boards");
  const page = (root.page ??= new Page(root));
  page.listen(data);
  return () => page.listening.abort();
}

class Page {
  constructor(root) {
    this.root = root.querySelector(".boards");
    this.root.style.setProperty("--across", ACROSS);
    this.dense = new Dense(root.querySelector(".dense-layers"));
    this.boards = [];
  }

  listen({ networks }) {
    this.listening?.abort();
    this.listening = new AbortController();
    const heard = (view) => networks.includes(view.name) && this.show(view);
    listen("feature-maps", heard, this.listening.signal);
  }

  show(view) {
    while (this.boards.length < view.all.length) this.boards.push(new LiveBoard(this.root));
    while (this.boards.length > view.all.length) this.boards.pop().section.remove();
    for (const [at, maps] of view.all.entries()) {
      const pick = (map) => tell("feature-maps-pick", { layer: maps.name, map });
      this.boards[at].update(boardOf(maps, view), pick);
    }
    this.dense.show(view);
  }
}

class LiveBoard extends Board {
  picture({ maps, view, look, columns }) {
    const last = this.last ?? {};
    const theme = view.colours(maps.around);
    if (last.values === maps.values && last.theme === theme && sameLook(last.look, look)) return;
    this.last = { values: maps.values, theme, look };
    put(this.image, sheet(maps, look, theme, { columns, ...measures(maps.shape) }));
  }

  source() {
    return this.image.toDataURL();
  }
}

function sameLook(one, other) {
  return one.low === other.low && one.high === other.high && one.around === other.around;
}

function boardOf(maps, view) {
  const { words } = view;
  const [height, width, count] = maps.shape;
  const { zoom, gap } = measures(maps.shape);
  const title = layerTitle(maps, view);
  const look = view.lookOf(maps);
  const columns = columnsOf(count);
  const said = { count, layer: title, shape: times(maps.shape) };
  return {
    maps,
    view,
    look,
    count,
    columns,
    gap,
    title,
    name: maps.name,
    note: said.shape,
    rows: Math.ceil(count / columns),
    width: width * zoom,
    height: height * zoom,
    alt: fill(words.alt, said),
    tips: Array.from({ length: count }, (_, map) => fill(words.map, { map })),
    chosen: view.maps === maps ? view.map : null,
    marks: [],
    sharp: false,
    first: maps.name.endsWith("/sum"),
    legend: legendOf(look, view),
    save: saveWords(maps.name, title, words),
  };
}

function legendOf({ around, low, high }, { words, stops }) {
  const middle = around ? "0" : "";
  const colours = stops[around ? "diverging" : "sequential"];
  if (low !== null) return { colours, low: number(low), high: number(high), middle };
  return around
    ? { colours, low: "−", high: "+", middle }
    : { colours, low: "0", high: words.own_high, middle };
}

function saveWords(name, title, words) {
  const said = (kind) => fill(words.save, { kind, name: title });
  return { name: `convscope-${name.replace("/", "-")}`, png: said("PNG"), svg: said("SVG") };
}
