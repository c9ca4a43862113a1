// How components of one page tell each other what changes faster than the server could: the newest value of
// each topic, kept in the window, because every component is a bundle of its own.

/** Tell all who listen; who comes later gets the newest value. */
export function tell(topic, value) {
  const kept = (globalThis.convscopeTopics ??= new Map());
  kept.set(topic, value);
  globalThis.dispatchEvent(new CustomEvent(`convscope-${topic}`, { detail: value }));
}

/** Call `act` with the newest value, if there is one, and with each that follows until `signal` is aborted. */
export function listen(topic, act, signal) {
  globalThis.addEventListener(`convscope-${topic}`, (event) => act(event.detail), { signal });
  const kept = globalThis.convscopeTopics;
  if (kept?.has(topic)) act(kept.get(topic));
}
