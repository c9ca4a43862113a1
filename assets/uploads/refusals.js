// Beside a file uploader: says why the browser refused a file, in the visitor's language, and takes the chips of
// earlier refusals away. Data: {uploader, types, type, size}: class of the uploader's element, endings without a dot,
// and the sentences on a wrong kind and on a size, with {name} for the file's name.

const CHIP = '[data-testid="stFileChip"]';

export default function ({ parentElement, data }) {
  const line = parentElement.querySelector(".refusal");
  const uploader = document.querySelector(`.${data.uploader}`);
  const ages = new Map();
  const look = () => {
    const chips = [...uploader.querySelectorAll(CHIP)];
    for (const chip of chips) if (!ages.has(chip)) ages.set(chip, ages.size);
    const newest = chips.sort((a, b) => ages.get(a) - ages.get(b)).at(-1);
    for (const chip of chips) if (refused(chip) && chip !== newest) remove(chip);
    const text = newest && refused(newest) ? reason(newest, data) : "";
    if (line.textContent !== text) line.textContent = text;
    line.hidden = !text;
  };
  if (!uploader) return;
  const observer = new MutationObserver(look);
  observer.observe(uploader, { childList: true, subtree: true, attributes: true });
  look();
  return () => observer.disconnect();
}

function refused(chip) {
  return chip.getAttribute("aria-invalid") === "true";
}

function remove(chip) {
  chip.querySelector('[data-testid="stFileChipDeleteBtn"] button')?.click();
}

function reason(chip, data) {
  const name = chip.querySelector('[data-testid="stFileChipName"]')?.title ?? "";
  const ending = name.split(".").at(-1).toLowerCase();
  const sentence = data.types.includes(ending) ? data.size : data.type;
  return sentence.replace("{name}", () => name);
}
