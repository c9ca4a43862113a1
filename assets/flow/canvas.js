// Drawing on the boards and the close-ups.

// The pen of an emptied canvas that is `size` pixels of the page large, in pixels of the screen.
export function pen(canvas, [width, height]) {
  const dense = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [Math.round(width * dense), Math.round(height * dense)];
  const sheet = canvas.getContext("2d");
  sheet.scale(dense, dense);
  return sheet;
}

// White with a dark rim, to be seen on any colour; thin where there are many.
export function frame(sheet, [left, top, width, height], bold) {
  const grown = bold ? Math.max(0, 5 - Math.min(width, height)) / 2 : 0;
  const box = [left - grown, top - grown, width + 2 * grown, height + 2 * grown];
  for (const [colour, line] of bold
    ? [
        ["#111", 4],
        ["#fff", 2],
      ]
    : [["#fff", 1]]) {
    sheet.strokeStyle = colour;
    sheet.lineWidth = line;
    sheet.strokeRect(...box);
  }
}
