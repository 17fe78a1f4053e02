/** One message on the page: built once; later only the changed parts are rebuilt. */

import { el, icon, iconButton } from "/page/dom.js";
import { rich } from "/page/entities.js";
import { clock, gist, hueOf, nameOf, sentAt, service } from "/page/format.js";
import { keyboardNode } from "/page/keyboard.js";
import { frame, mediaNode, preload } from "/page/media.js";
import { morph } from "/page/morph.js";

const PERCENT = /(?:^|\D)(\d{1,3})\s?%/;
const ORDER = ["name", "reply", "media", "text", "progress", "reactions", "meta"];

export class Bubble {
  #signatures = {};
  #parts = {};
  #latest;

  /** hands: {store, presses, reply(message), command(text), jump(id), menu(message, at)} */
  constructor(message, hands) {
    this.hands = hands;
    this.bubble = el("div", { class: "bubble" });
    this.stack = el("div", { class: "stack" }, this.bubble);
    this.own = message.from?.id === hands.store.me.id;
    this.node = el("article", { class: `message ${this.own ? "out" : "in"}`, testid: "message", "data-message-id": message.message_id });
    if (service(message)) this.node.classList.add("service");
    this.node.append(this.stack, this.#tools());
    this.node.addEventListener("contextmenu", (event) => this.#menu(event));
    this.bubble.addEventListener("dblclick", ({ target }) => target.closest("a, button, video") || hands.reply(this.message));
    this.bubble.addEventListener("click", (event) => this.#tapped(event));
    this.#render(message);
  }

  /** Show a newer version; a new picture is loaded first, so that it appears at once. */
  async update(message) {
    this.#latest = message;
    const changes = message.media && message.media.url !== this.message.media?.url;
    if (changes) await preload(message.media);
    if (this.#latest !== message) return;
    if (changes) morph(this.bubble, () => this.#render(message));
    else this.#render(message);
  }

  #tools() {
    const more = iconButton("more", "More", { testid: "more", "aria-haspopup": "menu", onclick: () => {
      const { left, bottom, top } = more.getBoundingClientRect();
      this.hands.menu(this.message, { x: left, y: bottom, above: top });
    } });
    return el("div", { class: "tools" }, iconButton("reply", "Reply", { testid: "reply", onclick: () => this.hands.reply(this.message) }), more);
  }

  #menu(event) {
    if (event.target.closest("a") || getSelection().toString()) return;
    event.preventDefault();
    this.hands.menu(this.message, { x: event.clientX, y: event.clientY });
  }

  #tapped(event) {
    // A touch screen has no hover that would show the tools.
    if (matchMedia("(hover: none)").matches && !event.target.closest("a, button, video")) this.#menu(event);
  }

  #render(message) {
    this.message = message;
    const words = service(message) ?? message.text ?? message.caption ?? (message.sticker && !message.media ? message.sticker.emoji ?? "🙂" : "");
    const builders = {
      name: [message.from, () => this.#name(message)],
      reply: [message.reply_to_message, () => this.#quote(message.reply_to_message)],
      media: [message.media, () => mediaNode(message.media, message.caption)],
      text: [[words, message.entities, message.caption_entities, clockOf(message)], () => this.#text(message, words)],
      progress: [this.#percent(message), () => progress(this.#percent(message), this.#parts.progress)],
      reactions: [message.reactions, () => reactions(message.reactions)],
      meta: [[message.edit_date, message.at], () => meta(message, this.own)],
      keyboard: [message.reply_markup, () => keyboardNode(message, this.hands.presses)],
    };
    for (const [part, [depends, build]] of Object.entries(builders)) this.#refresh(part, JSON.stringify(depends ?? null), build);
    this.bubble.replaceChildren(...this.#changedOrder());
    if (this.#parts.keyboard) this.stack.append(this.#parts.keyboard);
    this.#dress(message, words);
  }

  #refresh(part, signature, build) {
    if (this.#signatures[part] === signature) return;
    this.#signatures[part] = signature;
    const node = build();
    if (node !== this.#parts[part]) this.#parts[part]?.remove();
    this.#parts[part] = node;
  }

  #changedOrder() {
    return ORDER.map((part) => this.#parts[part]).filter(Boolean);
  }

  #dress(message, words) {
    const framed = Boolean(message.media && message.media.kind !== "document");
    this.node.classList.toggle("with-media", framed);
    this.node.classList.toggle("bare", framed && !words && !this.#parts.reactions);
    this.node.classList.toggle("with-keys", Boolean(this.#parts.keyboard));
    this.node.classList.toggle("sticker", Boolean(message.sticker) && !message.media);
    this.stack.style.setProperty("--frame", framed ? `${frame(message.media).width}px` : "auto");
  }

  #name(message) {
    if (this.own || this.hands.store.open?.private || !message.from) return null;
    return el("div", { class: `name ${message.from.is_bot ? "of-bot" : hueOf(message.from.id)}`, testid: "name" },
      nameOf(message.from), message.from.is_bot ? el("span", { class: "tag" }, "bot") : null);
  }

  #quote(quoted) {
    if (!quoted) return null;
    const known = this.hands.store.open?.messages.get(quoted.message_id) ?? quoted;
    const picture = known.media?.kind === "photo" ? el("img", { src: known.media.url, alt: "", class: "thumb" }) : null;
    return el("button", { type: "button", class: "quote", testid: "quote", onclick: () => this.hands.jump(quoted.message_id) }, picture,
      el("span", { class: "quote-words" }, el("b", {}, quoted.from ? nameOf(quoted.from) : "Message"), el("span", {}, gist(known))));
  }

  #text(message, words) {
    if (!words) return null;
    const text = el("div", { class: "text", testid: "text", dir: "auto" }, ...rich(words, message.text ? message.entities : message.caption_entities, this.hands.command));
    text.dataset.meta = clockOf(message) + (this.own ? "      " : "");
    return text;
  }

  #percent(message) {
    const found = message.from?.is_bot && !message.media && PERCENT.exec(message.text ?? "");
    return found && Number(found[1]) <= 100 ? Number(found[1]) : null;
  }
}

const clockOf = (message) => (message.edit_date ? `edited ${clock(sentAt(message))}` : clock(sentAt(message)));

function meta(message, own) {
  const at = sentAt(message);
  return el("div", { class: "meta" }, message.edit_date ? el("span", { class: "edited", testid: "edited" }, "edited") : null,
    el("time", { datetime: at.toISOString(), title: at.toLocaleString() }, clock(at)), own ? icon("checks") : null);
}

/** The progress bar is kept from edit to edit, so that it grows instead of starting again. */
function progress(percent, bar) {
  if (percent === null) return null;
  const node = bar ?? el("div", { class: "progress", testid: "progress", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0, "aria-valuemax": 100 }, el("span"));
  node.setAttribute("aria-valuenow", percent);
  node.firstChild.style.width = `${percent}%`;
  return node;
}

function reactions(list) {
  const shown = (list ?? []).filter((reaction) => reaction.emoji);
  return shown.length ? el("div", { class: "reactions", testid: "reactions" }, ...shown.map((reaction) => el("span", {}, reaction.emoji))) : null;
}
