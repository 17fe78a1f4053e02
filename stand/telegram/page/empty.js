/** The view of a chat without messages: examples of what a newcomer can type. */

import { el, icon } from "/page/dom.js";

const TRY = ["/image a red fox in the snow", "/video waves at night"];

export function emptyState(store, hands) {
  const chat = store.open;
  if (!chat) return el("div", { class: "empty quiet", testid: "empty" }, el("p", {}, "Choose a chat to read it"));
  return el("section", { class: "empty", testid: "empty", "aria-label": "How to begin" },
    el("span", { class: "emblem" }, icon("aperture")),
    el("h2", {}, chat.private ? "Welcome to the darkroom" : `“${chat.name}” is quiet`),
    el("p", {}, chat.private ? "Write what you want to see, and watch it develop here." : "Everyone here can ask the bot for a picture."),
    el("p", { class: "hint" }, "Try"),
    el("div", { class: "tries" }, ...TRY.map((words) => el("button", { type: "button", testid: "try", onclick: () => hands.suggest(words) }, words))));
}
