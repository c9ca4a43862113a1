// A file uploader in the visitor's language: its words, which Streamlit has in English only, and beside it why a
// file was refused; the chips of earlier refusals are taken away. Data: {uploader, types, words}: class of the
// uploader's element, endings without a dot, and {choose, drop, limit, remove, cancel, type, size, failed}, some
// with {name} for the file's name.

const ZONE = '[data-testid="stFileUploaderDropzone"]';
const CHIP = '[data-testid="stFileChip"]';
const NAME = '[data-testid="stFileChipName"]';
const DELETE = '[data-testid="stFileChipDeleteBtn"] button';

export default function ({ parentElement, data }) {
  const line = parentElement.querySelector(".refusal");
  const uploader = document.querySelector(`.${data.uploader}`);
  if (!uploader) return;
  const ages = new Map();
  const look = () => {
    const chips = [...uploader.querySelectorAll(CHIP)];
    for (const chip of chips) if (!ages.has(chip)) ages.set(chip, ages.size);
    const newest = chips.sort((a, b) => ages.get(a) - ages.get(b)).at(-1);
    for (const chip of chips) if (refused(chip) && chip !== newest) press(chip);
    translate(uploader, data.words);
    const text = newest && refused(newest) ? tell(newest, data) : "";
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
  };
  const observer = new MutationObserver(look);
  observer.observe(uploader, { childList: true, subtree: true, attributes: true, characterData: true });
  const tips = new MutationObserver(() => nameTips(uploader, data)); // they are mounted at the end of the page
  tips.observe(document.body, { childList: true, subtree: true });
  look();
  return () => {
    observer.disconnect();
    tips.disconnect();
  };
}

// Words are replaced in their text nodes, which React keeps as long as it has no other words for them.
function translate(uploader, words) {
  for (const node of textNodes(uploader)) {
    if (node.data === "Upload") node.data = words.choose;
    else if (node.data === "Drag and drop a file here") node.data = words.drop;
    else if (node.parentElement.closest('[data-testid="stFileUploaderDropzoneInstructions"]'))
      say(node, node === node.parentNode.firstChild ? words.limit : "");
  }
  uploader.querySelector('[aria-label="Add files"]')?.setAttribute("aria-label", words.choose);
  nameGroup(uploader);
  for (const chip of uploader.querySelectorAll(CHIP)) {
    const button = chip.querySelector(DELETE);
    const label = button?.getAttribute("aria-label") ?? "";
    const word = label.startsWith("Cancel ") ? words.cancel : label.startsWith("Remove ") && words.remove;
    if (word && label !== fill(word, chip)) button.setAttribute("aria-label", fill(word, chip));
    if (chip.title === "Click to retry upload") chip.title = "";
  }
}

// Streamlit calls the box decoration, though it has a label and takes the focus.
export function nameGroup(uploader) {
  uploader.querySelector(`${ZONE}[role="presentation"]`)?.setAttribute("role", "group");
}

// The chip keeps what Streamlit said, since its words are replaced once and this runs at every change.
function tell(chip, data) {
  const [label, message] = textNodes(chip.querySelector('[role="alert"]') ?? chip).slice(-2);
  chip.dataset.said ??= message?.data ?? "";
  const sentence = fill(data.words[reason(chip, data.types)], chip);
  if (label?.data === "Error: ") label.data = "";
  if (message) say(message, sentence);
  return sentence;
}

function nameTips(uploader, data) {
  const chip = uploader.querySelector(`${CHIP}[data-said]`);
  if (!chip) return;
  for (const tip of document.querySelectorAll('[role="tooltip"]'))
    for (const node of textNodes(tip))
      if (node.data === chip.dataset.said) node.data = fill(data.words[reason(chip, data.types)], chip);
}

function reason(chip, types) {
  const ending = fill("{name}", chip).split(".").at(-1).toLowerCase();
  if (!types.includes(ending)) return "type";
  return chip.dataset.said.endsWith("or smaller.") ? "size" : "failed";
}

function textNodes(element) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
}

function say(node, text) {
  if (node.data !== text) node.data = text;
}

function fill(sentence, chip) {
  return sentence.replace("{name}", () => chip.querySelector(NAME)?.title ?? "");
}

function refused(chip) {
  return chip.getAttribute("aria-invalid") === "true";
}

function press(chip) {
  chip.querySelector(DELETE)?.click();
}
