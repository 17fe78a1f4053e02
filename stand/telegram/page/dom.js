/** Builds elements without parsing markup: content of a chat reaches the page only as text. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * el("button", {class: "x", testid: "send", onclick: f, hidden: true}, "text", node, null)
 * `on*` props are listeners, `testid` is data-testid, true/false set or leave out an attribute.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "testid") node.dataset.testid = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Return an icon from the sprite in index.html. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function iconButton(name, label, props = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...props }, icon(name));
}

export const byId = (id) => document.getElementById(id);

/** Return whether this machine's settings allow animations. */
export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
