// How numbers of a sum are written: short, with a real minus sign, small ones by their power of ten.

const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** @param {number} value */
export function written(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (value === 0 || (size >= 0.001 && size < 1000)) return signed(value.toFixed(value === 0 ? 0 : 3));
  if (size >= 1000 && size < 1e6) return signed(value.toFixed(0));
  const [digits, power] = value.toExponential(1).split("e");
  const raised = [...String(Number(power))].map((sign) => RAISED[sign]).join("");
  return `${signed(digits)} × 10${raised}`;
}

function signed(text) {
  return text.replace("-", "−");
}

const ONE = /(?<![\d.,])1( [A-Za-z-]+){1,2}$/;

/** A text with its {slots} filled; an English plural, as in "{count} map[s]", follows its number as on the server. */
export function fill(text, slots) {
  const filled = (part) => part.replace(/\{(\w+)\}/g, (_, name) => slots[name]);
  const [first, ...others] = text.split("[s]").map(filled);
  return others.reduce((before, part) => `${before}${ONE.test(before) ? "" : "s"}${part}`, first);
}
