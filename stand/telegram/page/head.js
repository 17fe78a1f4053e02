/** The head of the conversation: its name, its members, and the bot's current action. */

import { byId, el, iconButton } from "/page/dom.js";
import { action, avatar } from "/page/format.js";
import { go } from "/page/route.js";

export class Head {
  constructor(store) {
    this.store = store;
    this.node = byId("head");
    store.on("place", () => this.render());
    store.on("people", () => this.render());
    store.on("chat", (chat) => chat === store.open && this.#status());
  }

  render() {
    const chat = this.store.open;
    byId("app").dataset.view = chat ? "chat" : "list";
    this.node.replaceChildren();
    if (!chat) return;
    this.status = el("span", { class: "status", testid: "status", "aria-live": "polite" });
    this.node.append(
      iconButton("back", "Back to the chats", { class: "icon-button back", testid: "back", onclick: () => go(this.store.me.id, "list") }),
      avatar({ id: chat.id, name: chat.name ?? "", bot: chat.private }),
      el("div", { class: "head-words" }, el("h1", { testid: "title" }, chat.name ?? ""), this.status));
    this.#status();
  }

  #status() {
    const chat = this.store.open;
    this.status.classList.toggle("active", Boolean(chat.action));
    if (chat.action) {
      this.status.replaceChildren(action(chat.action), el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")));
    } else {
      this.status.textContent = chat.private ? "bot" : [...this.store.memberNames(chat), "Darkroom"].join(", ");
    }
  }
}
