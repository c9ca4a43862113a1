// An image of one or three channels on a canvas, one pixel each.

export function paint(canvas, [height, width, channels], pixels) {
  if (canvas.height !== height || canvas.width !== width) Object.assign(canvas, { height, width });
  const picture = new ImageData(width, height);
  for (let at = 0; at < height * width; at += 1) {
    const colour = [0, 1, 2].map((part) =>
      Math.round(255 * pixels[at * channels + (channels === 3 ? part : 0)]),
    );
    picture.data.set([...colour, 255], at * 4);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
