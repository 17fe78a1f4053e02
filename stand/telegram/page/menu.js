/** A pop-up menu at a point or under a button. */

import { el, icon } from "/page/dom.js";

let shut = () => {};

/** items: [{label, icon?, lead?, danger?, checked?, testid?, run}] or "line"; at: {x, y}, the preferred corner. */
export function openMenu(items, at, label) {
  shut();
  const back = document.activeElement;
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label, testid: "menu" }, ...items.map((item) => row(item)));

  function row(item) {
    if (item === "line") return el("hr");
    const props = { type: "button", role: "menuitem", class: item.danger ? "danger" : null, testid: item.testid, "aria-current": item.checked ? "true" : null };
    const run = () => {
      shut();
      item.run();
    };
    return el("button", { ...props, onclick: run }, item.lead ?? icon(item.icon), el("span", { class: "menu-words" }, item.label, item.hint ? el("small", {}, item.hint) : null), item.checked ? icon("check") : null);
  }

  const listening = new AbortController();
  shut = () => {
    shut = () => {};
    listening.abort();
    menu.remove();
    back?.focus?.({ preventScroll: true });
  };
  const close = () => shut();
  const signal = listening.signal;
  document.addEventListener("pointerdown", ({ target }) => menu.contains(target) || close(), { signal, capture: true });
  addEventListener("resize", close, { signal });
  addEventListener("hashchange", close, { signal });
  menu.addEventListener("keydown", (event) => move(menu, event, close), { signal });

  document.body.append(menu);
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, at.y + height > innerHeight - 8 ? (at.above ?? at.y) - height : at.y)}px`;
  menu.querySelector("button")?.focus({ preventScroll: true });
}

function move(menu, event, close) {
  const buttons = [...menu.querySelectorAll("button")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    close();
  } else if (step) {
    event.preventDefault();
    buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length).focus();
  }
}

/** Return the point under a button, or above it if there is no room below. */
export function under(button) {
  const { left, bottom, top } = button.getBoundingClientRect();
  return { x: left, y: bottom + 6, above: top - 6 };
}
