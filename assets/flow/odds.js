// The names and shares beside the last stage; a pointer on them points at the board.

export function odds(classes, board) {
  const [names, shares] = [document.createElement("ol"), document.createElement("ol")];
  names.className = "names";
  shares.className = "shares";
  for (const name of classes) {
    names.append(Object.assign(document.createElement("li"), { textContent: name }));
    shares.append(document.createElement("li"));
  }
  for (const list of [names, shares]) {
    list.setAttribute("aria-hidden", true);
    list.addEventListener("pointermove", (event) =>
      board.dispatchEvent(new PointerEvent("pointermove", event)),
    );
    list.addEventListener("click", (event) => board.dispatchEvent(new MouseEvent("click", event)));
  }
  return [names, shares];
}
