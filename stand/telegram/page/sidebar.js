/** The list of the person's chats. */

import { byId, el } from "/page/dom.js";
import { action, avatar, gist, nameOf, sentAt, shortTime } from "/page/format.js";
import { hash } from "/page/route.js";

export class Sidebar {
  #rows = new Map();

  constructor(store) {
    this.store = store;
    this.list = byId("chats");
    for (const kind of ["place", "people", "chat"]) store.on(kind, () => this.render());
  }

  render() {
    if (!this.store.me) return;
    const chats = this.store.mine();
    const rows = chats.map((chat) => this.#row(chat));
    // Moving a row that is already in place would take its focus away.
    if (rows.length !== this.list.children.length || rows.some((row, i) => row !== this.list.children[i])) this.list.replaceChildren(...rows);
    for (const id of this.#rows.keys()) if (!chats.some((chat) => `${this.store.me.id}:${chat.id}` === id)) this.#rows.delete(id);
    const unread = chats.reduce((sum, chat) => sum + this.store.unread(chat), 0);
    document.title = `${unread ? `(${unread}) ` : ""}Darkroom · ${nameOf(this.store.me)}`;
  }

  #row(chat) {
    const key = `${this.store.me.id}:${chat.id}`;
    const row = this.#rows.get(key) ?? el("a", { class: "chat", testid: "chat", "data-chat-id": chat.id, href: hash(this.store.me.id, chat.id) },
      avatar({ id: chat.id, name: chat.name ?? "", bot: chat.private }));
    this.#rows.set(key, row);
    row.setAttribute("aria-current", chat === this.store.open ? "page" : "false");
    const lines = this.#lines(chat);
    const words = JSON.stringify(lines);
    if (row.dataset.words !== words) {
      row.dataset.words = words;
      row.replaceChildren(row.firstChild, body(lines));
    }
    return row;
  }

  #lines(chat) {
    const last = this.store.last(chat);
    const own = last?.from?.id === this.store.me.id;
    const who = last?.from && (own ? "You" : chat.private ? null : nameOf(last.from));
    return {
      name: chat.name ?? "",
      time: last ? shortTime(sentAt(last)) : "",
      who,
      words: last ? gist(last) : "No messages yet",
      picture: last?.media?.kind === "photo" ? last.media.url : null,
      action: chat.action ? `${action(chat.action)}…` : null,
      unread: this.store.unread(chat),
    };
  }
}

function body(lines) {
  const words = lines.action
    ? el("span", { class: "chat-words active" }, lines.action)
    : el("span", { class: "chat-words" }, lines.who ? el("span", { class: "who" }, `${lines.who}: `) : null,
      lines.picture ? el("img", { class: "tiny", src: lines.picture, alt: "" }) : null, lines.words);
  return el("span", { class: "chat-body" },
    el("span", { class: "chat-line" }, el("span", { class: "chat-name", testid: "chat-name" }, lines.name), el("time", {}, lines.time)),
    el("span", { class: "chat-line" }, words, lines.unread ? el("span", { class: "badge", testid: "unread", "aria-label": `${lines.unread} unread` }, String(lines.unread)) : null));
}
