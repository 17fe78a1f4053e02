/** The composer: a text, a reply, an edit of one's own text, or an attachment. */

import * as api from "/page/api.js";
import { Commands } from "/page/commands.js";
import { byId, el, icon, iconButton } from "/page/dom.js";
import { gist, nameOf } from "/page/format.js";
import { openMenu, under } from "/page/menu.js";
import { complain } from "/page/toast.js";

const TALLEST = 180;
/** If the browser can fit a field to its text, the style sheet does it. */
const GROWS = CSS.supports("field-sizing", "content");

export class Composer {
  #context = null;
  #drafts = new Map();
  #place = null;

  constructor(store) {
    this.store = store;
    this.form = byId("composer-form");
    this.input = byId("composer");
    this.commands = new Commands((command) => {
      this.input.value = command;
      this.#submit();
    }, (command) => this.suggest(`${command} `));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("input", () => {
      this.#fit();
      this.commands.follow(this.input.value);
    });
    this.input.addEventListener("keydown", (event) => this.#key(event));
    byId("attach").addEventListener("click", ({ currentTarget }) => this.#attach(currentTarget));
    store.on("place", () => this.#moved());
    store.on("gone", ({ id }) => this.#context?.message.message_id === id && this.#leave());
  }

  /** Put text into the field, ready to be sent. */
  suggest(words) {
    this.input.value = words;
    this.#fit();
    this.input.focus();
    this.input.setSelectionRange(words.length, words.length);
  }

  reply(message) {
    if (this.#context?.kind === "edit") this.#leave();
    this.#enter({ kind: "reply", message });
  }

  edit(message) {
    this.#enter({ kind: "edit", message });
    this.suggest(message.text);
  }

  async sendText(text) {
    await api.send(this.store.me.id, this.store.open.id, { text }).catch(complain);
  }

  async #submit() {
    const text = this.input.value.trim();
    if (!text || !this.store.open) return;
    const context = this.#context;
    const { me, open } = this.store;
    this.#leave();
    this.input.value = "";
    this.#fit();
    this.commands.close();
    try {
      if (context?.kind === "edit") await api.edit(me.id, open.id, context.message.message_id, text);
      else await api.send(me.id, open.id, { text }, context?.message.message_id);
    } catch (error) {
      complain(error);
      if (!this.input.value) this.suggest(text);
      if (context) this.#enter(context);
    }
  }

  #key(event) {
    if (event.isComposing || this.commands.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && this.#context) {
      this.#leave();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      const last = this.store.open && this.store.myLastText();
      if (last) event.preventDefault();
      if (last) this.edit(last);
    }
  }

  #attach(button) {
    const send = (content) => api.send(this.store.me.id, this.store.open.id, content, this.#context?.message.message_id).then(() => this.#leave(), complain);
    openMenu([
      { label: "A test photo", icon: "image", testid: "send-photo", run: () => send({ photo: true }) },
      { label: "A sticker", icon: "sticker", testid: "send-sticker", run: () => send({ sticker: true }) },
    ], under(button), "Attach");
  }

  #enter(context) {
    this.#context = context;
    const { kind, message } = context;
    const title = kind === "edit" ? "Edit message" : `Reply to ${message.from ? nameOf(message.from) : "the message"}`;
    const picture = message.media?.kind === "photo" ? el("img", { src: message.media.url, alt: "", class: "thumb" }) : null;
    byId("context").replaceChildren(icon(kind === "edit" ? "edit" : "reply"), ...(picture ? [picture] : []),
      el("span", { class: "quote-words" }, el("b", {}, title), el("span", {}, gist(message))),
      iconButton("close", "Cancel", { testid: "context-cancel", onclick: () => this.#leave() }));
    byId("context").hidden = false;
    this.input.focus();
    this.#fit();
  }

  #leave() {
    const { kind } = this.#context ?? {};
    this.#context = null;
    byId("context").hidden = true;
    if (kind === "edit") this.input.value = "";
    this.#fit();
  }

  /** Change to another chat or person; each has a separate draft. */
  #moved() {
    if (this.#place) this.#drafts.set(this.#place, this.#context?.kind === "edit" ? "" : this.input.value);
    this.#leave();
    const { me, open } = this.store;
    this.#place = open ? `${me.id}:${open.id}` : null;
    this.form.hidden = !open;
    this.input.value = this.#drafts.get(this.#place) ?? "";
    this.commands.close();
    this.#fit();
    if (open && matchMedia("(hover: hover)").matches) this.input.focus({ preventScroll: true });
  }

  #fit() {
    if (!GROWS) {
      this.input.style.height = "auto";
      this.input.style.height = `${Math.min(this.input.scrollHeight, TALLEST)}px`;
    }
    byId("send").disabled = !this.input.value.trim();
  }
}
