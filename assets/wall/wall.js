// Small drawings in groups, all of them parts of one picture. A click on one is sent as `hide`: its number. Data:
// {sprite, columns, rows, groups: [{name, title, tiles: [{number, place, answer, sure, tip}]}], empty, hide, longAnswers}.

import { made } from "../reading/elements.js";

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".wall");
  root.tiles ??= new Map();
  root.send = (number) => setTriggerValue("hide", number);
  root.style.setProperty("--columns", data.columns);
  root.style.setProperty("--rows", data.rows);
  if (root.sprite !== data.sprite)
    root.style.setProperty("--sprite", data.sprite ? `url("${data.sprite}")` : "none");
  root.sprite = data.sprite;
  root.classList.toggle("named", data.longAnswers);
  const empty = root.querySelector(".empty");
  empty.textContent = data.groups.length ? "" : data.empty;
  empty.hidden = data.groups.length > 0;
  const sections = data.groups.map((group) => section(root, group, data));
  for (const old of root.querySelectorAll("section")) if (!sections.includes(old)) old.remove();
  place(root, [empty, ...sections]);
  const there = new Set(data.groups.flatMap((group) => group.tiles.map((tile) => tile.number)));
  for (const number of root.tiles.keys()) if (!there.has(number)) root.tiles.delete(number);
}

function section(root, group, data) {
  let element = root.querySelector(`section[data-group="${group.name}"]`);
  if (!element) {
    element = made("section");
    element.dataset.group = group.name;
    element.append(made("h3"), made("div", "tiles"));
  }
  const [title, tiles] = element.children;
  if (title.textContent !== group.title) title.textContent = group.title;
  place(
    tiles,
    group.tiles.map((tile) => update(root, tile, data)),
  );
  return element;
}

// A drawing keeps its element, so that one under the pointer or with the focus stays.
function update(root, tile, data) {
  let button = root.tiles.get(tile.number);
  if (!button) {
    button = made("button", "tile");
    button.type = "button";
    button.append(made("span", "picture"), made("span", "answer"));
    button.addEventListener("click", () => root.send(tile.number));
    root.tiles.set(tile.number, button);
  }
  button.dataset.number = tile.number;
  button.style.setProperty("--column", tile.place % data.columns);
  button.style.setProperty("--row", Math.floor(tile.place / data.columns));
  const answer = button.querySelector(".answer");
  if (answer.textContent !== tile.answer) answer.textContent = tile.answer;
  button.title = `${tile.tip} ${data.hide}`;
  button.setAttribute("aria-label", button.title);
  return button;
}

/** Let `parent` have these children in this order, and move only what is in the wrong place. */
function place(parent, children) {
  for (const old of Array.from(parent.children)) if (!children.includes(old)) old.remove();
  children.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}
