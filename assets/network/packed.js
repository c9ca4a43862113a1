// Arrays on their way to the browser: base64 in the data of a component, or one binary file a network.

/** The bytes of a base64 text. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

/** The float32 numbers of a base64 text. */
export function floats(text) {
  return new Float32Array(bytes(text).buffer);
}
