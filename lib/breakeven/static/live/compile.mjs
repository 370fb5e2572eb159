// Compile the Python files of a folder with the very interpreter that will run them, each in place of its
// source: node compile.mjs PYODIDE FOLDER. Files listed in FOLDER/.keep stay sources.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const [runtime, folder] = process.argv.slice(2).map((one) => resolve(one));
const { loadPyodide } = createRequire(import.meta.url)(join(runtime, "pyodide.js"));
const python = await loadPyodide({ indexURL: runtime, packages: [] });
python.FS.mkdirTree("/tree");
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, "/tree");
python.runPython(readFileSync(new URL("compile_tree.py", import.meta.url), "utf8"));
const faults = python.globals.get("compile_all")();
for (const one of faults.toJs()) console.error(one);
process.exit(0);
