// Arrays on their way to the browser: base64 in the data of a component, or one binary file a network.

/** The bytes of a base64 text. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}

/** The float32 numbers of a base64 text. */
export function floats(text) {
  return new Float32Array(bytes(text).buffer);
}

/**
 * The network in a file of `cnn_core.browser.pack`: what `Network` takes. The weights are views of the file.
 * @param {ArrayBuffer} file
 */
export function unpack(file) {
  const length = new DataView(file).getUint32(0, true);
  const header = new TextDecoder().decode(new Uint8Array(file, 4, length));
  const { input, layers, arrays } = JSON.parse(header);
  const weights = {};
  let start = 4 + length;
  for (const { name, shape } of arrays) {
    const count = shape.reduce((a, b) => a * b);
    weights[name] = new Float32Array(file, start, count);
    start += 4 * count;
  }
  if (start !== file.byteLength) throw new Error(`${file.byteLength} bytes instead of ${start}.`);
  return { description: { input, layers }, weights };
}
