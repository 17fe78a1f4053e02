/** Short notices over the page, and the alert with which a bot may answer a press. */

import { byId, el } from "/page/dom.js";

const SHOWN = 4_000;
const AT_ONCE = 3;

export function toast(text, kind = "note") {
  const all = byId("toasts");
  const node = el("div", { class: `toast ${kind}`, testid: "toast" }, text);
  all.append(node);
  while (all.children.length > AT_ONCE) all.firstChild.remove();
  setTimeout(() => {
    node.classList.add("leaves");
    setTimeout(() => node.remove(), 250);
  }, SHOWN);
}

export const complain = (error) => toast(error.message, "error");

export function alertBox(text) {
  const dialog = el("dialog", { class: "box alert", testid: "alert", "aria-label": "Darkroom" },
    el("form", { method: "dialog" },
      el("h2", {}, "Darkroom"),
      el("p", {}, text),
      el("div", { class: "box-buttons" }, el("button", { class: "primary", autofocus: true }, "OK"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
