// Whether what was done in the browser is what a step of a course waits for.

/** Every number that the settings name is that of the deed, and its sum lies between `above` and `below`. */
export function awaited(deed, settings) {
  const { above = -Infinity, below = Infinity, ...exact } = settings;
  const sum = Number(deed.sum ?? 0);
  if (!(above < sum && sum < below) && ("above" in settings || "below" in settings)) return false;
  return Object.entries(exact).every(([name, value]) => deed[name] === value);
}

export function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}
