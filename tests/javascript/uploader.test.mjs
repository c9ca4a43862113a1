// The box of an uploader is a group with a name for screen readers, and is made one once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { nameGroup } from "../../assets/uploads/uploader.js";

test("the box that Streamlit calls decoration is a group", () => {
  const written = [];
  const box = { setAttribute: (name, value) => written.push([name, value]) };
  const sees = (selector) =>
    selector === '[data-testid="stFileUploaderDropzone"][role="presentation"]' && !written.length
      ? box
      : null;
  nameGroup({ querySelector: sees });
  nameGroup({ querySelector: sees });
  assert.deepEqual(written, [["role", "group"]]);
});
