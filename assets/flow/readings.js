// Numbers of a stage: the largest, where the colours end, and how they are written.

export function strongest(values) {
  return values.reduce((best, value, at) => (value > values[best] ? at : best), 0);
}

// Where the colours end: maps at the largest hundredth, so that a few numbers do not leave the rest dark.
export function brightest(values, maps) {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.floor((sorted.length - 1) * (maps ? 0.99 : 1))] || sorted.at(-1) || 1;
}

export function number(value) {
  return value
    .toFixed(3)
    .replace(/^-(?=0\.000$)/, "")
    .replace("-", "−");
}

export function range([from, to]) {
  return to - from > 1 ? `${from}–${to - 1}` : `${from}`;
}
