// Questions as JSON on standard input, answers as JSON on standard output.

import { readFileSync, writeFileSync } from "node:fs";
import answers from "./answers.mjs";

writeFileSync(1, JSON.stringify(answers(JSON.parse(readFileSync(0, "utf8")))));
