/** The animated change of a bubble from text to a picture. */

import { moves } from "/page/dom.js";

const EASE = "cubic-bezier(.2, .8, .2, 1)";

/** Run `change`, which swaps the bubble's parts at once, and animate the difference. */
export function morph(bubble, change) {
  if (!moves() || document.hidden) return change();
  const before = bubble.getBoundingClientRect();
  const ghost = ghostOf(bubble);
  change();
  const after = bubble.getBoundingClientRect();
  bubble.querySelector(".frame, .file")?.animate(
    [{ opacity: 0, filter: "blur(14px) brightness(.55)" }, { opacity: 1, filter: "none" }], { duration: 700, easing: "ease-out" });
  if (ghost) {
    bubble.append(ghost);
    ghost.animate([{ opacity: 1 }, { opacity: 0 }], { duration: 260, fill: "forwards" }).finished.finally(() => ghost.remove());
  }
  bubble.animate([sized(before), sized(after)], { duration: 360, easing: EASE });
  return undefined;
}

const sized = ({ width, height }) => ({ width: `${width}px`, height: `${height}px`, overflow: "hidden" });

function ghostOf(bubble) {
  const text = bubble.querySelector(":scope > .text");
  if (!text || bubble.querySelector(".frame")) return null;
  const ghost = text.cloneNode(true);
  ghost.classList.add("ghost");
  ghost.removeAttribute("data-testid");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.width = `${text.offsetWidth}px`;
  ghost.style.top = `${text.offsetTop}px`;
  return ghost;
}
