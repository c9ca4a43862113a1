// Tells a guided course, if one runs, what was done in the browser alone. Data: {kind, ...numbers and words}.

export function tellCourse(part, detail) {
  part.dispatchEvent(new CustomEvent("convscope-did", { detail, bubbles: true, composed: true }));
}
