// The live page itself: nothing was written for its address beforehand, so the dashboard starts at once.
import { start } from "./page.js";

const line = document.querySelector("[data-live-line]");
const root = Object.assign(document.createElement("div"), { className: "live-hidden" });
document.body.append(root);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const progress = ({ loaded, total, doing }) => {
  line.textContent = `${doing}: ${megabytes(loaded)} of ${megabytes(total)} MB`;
};
const failed = (reason) => {
  line.textContent = reason;
  line.setAttribute("role", "alert");
};
if (await start(root, { progress, failed })) {
  line.closest("main").remove();
  root.className = "";
} else root.remove();
