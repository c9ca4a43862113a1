// Feature maps of one image, computed here: another image, layer, map or network is painted in the next frame, and the
// server learns of it once a slider is let go. Data: {session, serial, run, networks, image, pack, layer, map, reach,
// classes, colours, theme, words, pools, activations}; see pages/parts/feature_maps/live.py. Sends `view`:
// {serial, run, number, layer, map}. What is shown is told to the boards as "feature-maps".

import { bytes } from "../network/packed.js";
import { listen, tell } from "../pad/channel.js";
import { network } from "../reading/store.js";
import { fill } from "../sums/numbers.js";
import { CloseUp } from "./closeup.js";
import { lookOf, pixelsOf } from "./colours.js";
import { mapsOf } from "./layers.js";
import { layerTitle } from "./names.js";
import { imageOf, images } from "./pack.js";

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".live-maps");
  const stage = (root.stage ??= new Stage(root));
  stage.send = (view) => setStateValue("view", view);
  stage.begin();
  stage.update(data);
  return () => stage.end();
}

class Stage {
  constructor(root) {
    this.root = root;
    this.closeUp = new CloseUp(root.querySelector(".close-up"));
    this.frames = 0; // painted so far
    const part = (name) => root.querySelector(name);
    [this.slider, this.networks] = [part(".through input"), part("select.network")];
    [this.layers, this.number] = [part("select.layer"), part("input.map")];
    this.slider.addEventListener("input", () => this.drag());
    for (const end of ["change", "pointerup", "pointercancel", "keyup", "blur"])
      this.slider.addEventListener(end, () => this.release());
    this.networks.addEventListener("change", () => this.choose({ run: this.networks.value }));
    for (const sign of ["focus", "pointerenter"]) this.networks.addEventListener(sign, () => this.fetch());
    this.layers.addEventListener("change", () => this.choose({ layer: this.layers.value }));
    this.number.addEventListener("change", () => this.choose({ map: Number(this.number.value) || 0 }));
  }

  begin() {
    this.end();
    this.listening = new AbortController();
    let late = false; // what was picked before this part of the page was there is done already
    const heard = (act) => (value) => late && act(value);
    const { signal } = this.listening;
    listen(
      "feature-maps-pick",
      heard((pick) => this.choose(pick)),
      signal,
    );
    listen(
      "picked-image_thumbs",
      heard(({ value }) => this.preview(value)),
      signal,
    );
    late = true;
  }

  end() {
    this.listening?.abort();
  }

  // What is to be shown: the server's word, until the visitor's own is newer

  update(data) {
    const other = data.session !== this.session;
    this.data = data;
    this.session = data.session;
    if (other || (!this.dragging && data.serial >= this.serial)) this.take(data);
    this.tables = Object.fromEntries(Object.entries(data.colours).map(([name, text]) => [name, bytes(text)]));
    this.pixels = Object.fromEntries(
      Object.entries(this.tables).map(([name, table]) => [name, pixelsOf(table)]),
    );
    this.build();
    this.load();
  }

  take({ serial, run, image, layer, map }) {
    this.serial = serial;
    this.state = { run, number: image.number, layer, map };
  }

  choose(change) {
    this.state = { ...this.state, ...change };
    this.report();
    this.load();
  }

  report() {
    this.serial += 1;
    this.send({ serial: this.serial, ...this.state });
  }

  preview(number) {
    if (!this.data.pack?.numbers.includes(number)) return;
    this.state = { ...this.state, number }; // the small image itself tells the server
    this.soon();
  }

  drag() {
    this.dragging = true;
    this.state = { ...this.state, number: this.data.pack.numbers[Number(this.slider.value)] };
    this.soon();
  }

  release() {
    if (!this.dragging) return;
    this.dragging = false;
    if (this.state.number !== this.data.image.number) this.report();
    this.soon(); // what waits for the end of a drag
  }

  // What is needed for it

  get chosen() {
    const { networks } = this.data;
    return networks.find(({ run }) => run === this.state.run) ?? networks[0];
  }

  fetch() {
    for (const one of this.data.networks) network(one).catch(() => {}); // told once it is chosen
  }

  async load() {
    const [wanted, { words, pack }] = [this.chosen, this.data];
    if (this.loaded?.name !== wanted.name) {
      const turn = (this.turn = {});
      if (!this.loaded) this.say(words.loading);
      try {
        const ready = await network(wanted);
        if (this.turn !== turn) return;
        this.loaded = { name: wanted.name, network: ready };
      } catch {
        if (this.turn === turn) this.say(words.failed);
        return;
      }
    }
    this.say("");
    this.soon();
    if (pack && this.pack?.name !== pack.name)
      images(pack).then(
        (loaded) => {
          this.pack = { name: pack.name, bytes: loaded };
          this.slider.disabled = false;
          this.soon();
        },
        () => {},
      );
  }

  say(words) {
    this.root.querySelector(".state").textContent = words;
    this.root.classList.toggle("waiting", words !== "");
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.loaded) this.show();
    });
  }

  // What is seen

  build() {
    const { words, networks, pack } = this.data;
    const label = (name, said) => {
      this.root.querySelector(`${name} > span`).textContent = said;
    };
    label(".of-network", words.network);
    label(".of-layer", words.layer);
    label(".of-map", words.which);
    this.root.querySelector(".of-network").hidden = networks.length < 2;
    this.root.querySelector(".through").hidden = !pack;
    if (pack) this.nameSlider(this.data.image.title ?? "");
    const offered = JSON.stringify(networks.map(({ run, label: name }) => [run, name]));
    if (offered === this.offered) return;
    this.offered = offered;
    this.networks.replaceChildren(...networks.map(({ run, label: name }) => new Option(name, run)));
  }

  show() {
    const view = this.view();
    this.controls(view);
    this.closeUp.show(view);
    tell("feature-maps", view);
    this.frames += 1;
    this.root.dataset.shown = `${view.image.number} ${view.maps.name} ${view.map}`;
  }

  view() {
    const { data, state, loaded } = this;
    const image = imageOf(data, this.pack, state.number);
    const answer = this.answer(image.pixels);
    const all = mapsOf(loaded.network, answer);
    const maps = all.find(({ name }) => name === state.layer) ?? all.find(({ name }) => name === "conv1");
    const map = state.map >= 0 && state.map < maps.shape[2] ? state.map : 0;
    const scale = (around) => (around ? "diverging" : "sequential");
    return {
      ...data,
      ...loaded,
      image,
      answer,
      all,
      maps,
      map,
      dragging: Boolean(this.dragging),
      look: lookOf(all, maps, data.reach),
      lookOf: (one) => lookOf(all, one, data.reach),
      colours: (around) => this.pixels[scale(around)],
      diverging: this.tables.diverging,
    };
  }

  // The same image goes through the same network once.
  answer(pixels) {
    const { name, network: ready } = this.loaded;
    const last = this.last;
    if (last?.name === name && same(last.pixels, pixels)) return last.answer;
    this.last = { name, pixels, answer: ready.forward(pixels) };
    return this.last.answer;
  }

  controls({ all, maps, map, words, image }) {
    const { pack } = this.data;
    const names = `${this.loaded.name} ${words.layer} ${all.length}`;
    if (this.named !== names) {
      this.named = names;
      const options = all.map((one) => new Option(layerTitle(one, this.data), one.name));
      this.layers.replaceChildren(...options);
    }
    this.layers.value = maps.name;
    this.networks.value = this.chosen.run;
    this.number.max = maps.shape[2] - 1;
    this.number.value = map;
    if (!pack) return;
    const { numbers } = pack;
    this.slider.max = numbers.length - 1;
    if (!this.dragging) this.slider.value = Math.max(0, numbers.indexOf(image.number));
    this.slider.setAttribute("aria-valuetext", image.title);
    this.nameSlider(image.title);
  }

  // From the start: the weights may take a while, and a slider without a name says nothing to a screen reader.
  nameSlider(title) {
    const { words, pack } = this.data;
    const slots = { first: pack.numbers[0], last: pack.numbers.at(-1), title };
    this.root.querySelector(".through > span").textContent = fill(words.through, slots);
  }
}

function same(pixels, others) {
  return pixels.length === others.length && pixels.every((value, at) => value === others[at]);
}
