// Pixels on a canvas.

/** Show a picture of `sheet` on a canvas of its size. */
export function put(canvas, { width, height, pixels }) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const bytes = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, 4 * pixels.length);
  canvas.getContext("2d").putImageData(new ImageData(bytes, width, height), 0, 0);
}
