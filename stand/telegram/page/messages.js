/** The open conversation: its bubbles in order, the days between them, and the scroll position. */

import { Bubble } from "/page/bubble.js";
import { byId, el, moves } from "/page/dom.js";
import { emptyState } from "/page/empty.js";
import { avatar, day, nameOf, sentAt } from "/page/format.js";

const NEAR = 80;
const TOGETHER = 300;

export class Messages {
  #bubbles = new Map();
  #pinned = true;
  #missed = 0;
  #top = 0;

  constructor(store, hands) {
    this.store = store;
    this.hands = { ...hands, store, jump: (id) => this.jump(id) };
    this.list = byId("list");
    this.scroll = byId("scroll");
    this.button = byId("to-bottom");
    store.on("place", () => this.show());
    store.on("message", ({ chat, message }) => chat === store.open && this.#take(message));
    store.on("gone", ({ chat, id }) => chat === store.open && this.#remove(id));
    this.scroll.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.button.addEventListener("click", () => this.toBottom(true));
    const keep = new ResizeObserver(() => this.#pinned && this.toBottom());
    keep.observe(this.list);
    keep.observe(this.scroll);
  }

  show() {
    this.#bubbles.clear();
    this.list.replaceChildren();
    const chat = this.store.open;
    const messages = chat ? [...chat.messages.values()].sort((a, b) => a.message_id - b.message_id) : [];
    for (const message of messages) this.#add(message);
    this.#arrange();
    this.toBottom();
  }

  toBottom(smoothly = false) {
    this.#pinned = true;
    this.scroll.scrollTo({ top: this.scroll.scrollHeight, behavior: smoothly && moves() ? "smooth" : "instant" });
    this.#missed = 0;
    this.#showButton();
  }

  jump(id) {
    const node = this.#bubbles.get(id)?.node;
    if (!node) return;
    this.#pinned = false;
    node.scrollIntoView({ block: "center", behavior: moves() ? "smooth" : "instant" });
    node.classList.add("flash");
    setTimeout(() => node.classList.remove("flash"), 1_400);
  }

  #take(message) {
    const bubble = this.#bubbles.get(message.message_id);
    if (bubble) {
      bubble.update(message);
      return;
    }
    const added = this.#add(message);
    added.node.classList.add("arrives");
    this.#arrange();
    if (this.#pinned || added.own) this.toBottom();
    else this.#missed += 1;
    this.#showButton();
  }

  #add(message) {
    const bubble = new Bubble(message, this.hands);
    const before = [...this.#bubbles.keys()].filter((id) => id < message.message_id);
    if (before.length) this.#bubbles.get(Math.max(...before)).node.after(bubble.node);
    else this.list.prepend(bubble.node);
    this.#bubbles.set(message.message_id, bubble);
    return bubble;
  }

  #remove(id) {
    const bubble = this.#bubbles.get(id);
    if (!bubble) return;
    this.#bubbles.delete(id);
    const leave = () => {
      dayOver(bubble, null);
      bubble.node.remove();
      this.#arrange();
    };
    if (!moves() || document.hidden) return void leave();
    const { height } = bubble.node.getBoundingClientRect();
    bubble.node.animate([{ height: `${height}px`, opacity: 1 }, { height: 0, opacity: 0, transform: "scale(.9)" }], { duration: 200, easing: "ease-in" }).finished.finally(leave);
  }

  /** Remove messages that the store dropped; set days, groups of one sender, and the empty state. */
  #arrange() {
    const kept = this.store.open?.messages ?? new Map();
    for (const [id, bubble] of this.#bubbles) {
      if (kept.has(id)) continue;
      dayOver(bubble, null);
      bubble.node.remove();
      this.#bubbles.delete(id);
    }
    this.list.querySelector(".empty")?.remove();
    const bubbles = [...this.#bubbles.values()].sort((a, b) => a.message.message_id - b.message.message_id);
    let before = null;
    for (const [i, bubble] of bubbles.entries()) {
      const date = day(sentAt(bubble.message));
      dayOver(bubble, before && day(sentAt(before.message)) === date ? null : date);
      const follows = joined(before, bubble);
      bubble.node.classList.toggle("follows", follows);
      bubble.node.classList.toggle("goes-on", joined(bubble, bubbles[i + 1]));
      this.#face(bubble);
      before = bubble;
    }
    if (!bubbles.length) this.list.append(emptyState(this.store, this.hands));
  }

  #face(bubble) {
    const from = bubble.message.from;
    const wanted = from && !this.store.open.private && !bubble.own && !bubble.node.classList.contains("goes-on") && !bubble.node.classList.contains("service");
    const shown = bubble.node.querySelector(":scope > .avatar");
    if (!wanted) shown?.remove();
    else if (!shown) bubble.node.prepend(avatar({ id: from.id, name: nameOf(from), bot: from.is_bot }, "small"));
    bubble.node.classList.toggle("with-faces", Boolean(!this.store.open.private && !bubble.own));
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    // Only scrolling upwards leaves the end; new content below does not.
    if (scrollHeight - scrollTop - clientHeight < NEAR) this.#pinned = true;
    else if (scrollTop < this.#top) this.#pinned = false;
    this.#top = scrollTop;
    if (this.#pinned) this.#missed = 0;
    this.#showButton();
  }

  #showButton() {
    this.button.hidden = this.#pinned;
    const badge = this.button.querySelector(".badge");
    badge.hidden = this.#missed === 0;
    badge.textContent = String(this.#missed);
  }
}

/** Put a day above a bubble, or remove it. A correct one stays: screen readers announce changes of the list. */
function dayOver(bubble, date) {
  if (bubble.day?.textContent === date) return;
  bubble.day?.remove();
  bubble.day = date ? el("div", { class: "day" }, el("span", {}, date)) : null;
  if (date) bubble.node.before(bubble.day);
}

/** Return whether two neighbouring messages belong to one turn of one sender. */
function joined(first, second) {
  if (!first || !second || first.node.classList.contains("service") || second.node.classList.contains("service")) return false;
  const [a, b] = [first.message, second.message];
  return a.from?.id === b.from?.id && sentAt(b) - sentAt(a) < TOGETHER * 1000 && day(sentAt(a)) === day(sentAt(b));
}
