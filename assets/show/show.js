// Scrolls to the part of the page whose key is the data.

export default function ({ data }) {
  document.querySelector(`.st-key-${data}`)?.scrollIntoView();
}
