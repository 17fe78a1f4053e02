/** The menu of the bot's commands above the composer, opened by the "/" button or by typing "/". */

import * as api from "/page/api.js";
import { byId, el } from "/page/dom.js";
import { complain } from "/page/toast.js";

export class Commands {
  #known = [];
  #at = 0;
  #turn = 0;

  /** `send` gets a command that was picked ("/image", for example), which is sent at once, as in Telegram. `complete`
   * gets a command that Tab only writes out, so that more words can follow. */
  constructor(send, complete) {
    this.send = send;
    this.complete = complete;
    this.node = byId("commands");
    this.button = byId("slash");
    this.input = byId("composer");
    this.button.addEventListener("click", () => (this.isOpen ? this.close() : this.open("")));
    document.addEventListener("pointerdown", ({ target }) => {
      if (!this.node.contains(target) && !this.button.contains(target)) this.close();
    });
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Follow the typed text: "/im" shows the commands that begin with it, any other text closes the menu. */
  async follow(text) {
    const typed = /^\/(\w*)$/.exec(text);
    if (!typed) return this.close();
    return this.open(typed[1]);
  }

  async open(beginning) {
    this.#turn += 1;
    const turn = this.#turn;
    if (!this.isOpen) this.#known = await api.commands().catch((error) => complain(error) ?? []);
    // Text that was typed or sent meanwhile takes precedence.
    if (turn !== this.#turn) return undefined;
    this.#at = 0;
    const fitting = this.#known.filter(({ command }) => command.startsWith(beginning.toLowerCase()));
    if (!fitting.length && beginning) return this.close();
    this.node.replaceChildren(...(fitting.length ? fitting.map((entry, i) => this.#row(entry, i)) : [el("p", {}, "The bot has told no commands yet")]));
    this.node.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    return this.#mark();
  }

  close() {
    this.#turn += 1;
    this.node.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  /** Return whether the menu used the key. */
  key(event) {
    const rows = this.node.querySelectorAll("[role=option]");
    if (!this.isOpen || !rows.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#at = (this.#at + step + rows.length) % rows.length;
    else if (event.key === "Tab") this.#use(this.complete, rows[this.#at].dataset.command);
    else if (event.key === "Enter") rows[this.#at].click();
    else if (event.key === "Escape") this.close();
    else return false;
    event.preventDefault();
    if (this.isOpen) this.#mark();
    return true;
  }

  #row({ command, description }, i) {
    return el("div", { role: "option", id: `command-${i}`, testid: "bot-command", "data-command": `/${command}`, onclick: () => this.#use(this.send, `/${command}`) },
      el("b", {}, `/${command}`), el("span", {}, description));
  }

  #use(how, command) {
    this.close();
    how(command);
  }

  #mark() {
    for (const [i, row] of this.node.querySelectorAll("[role=option]").entries()) {
      row.setAttribute("aria-selected", String(i === this.#at));
      if (i !== this.#at) continue;
      row.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", row.id);
    }
  }
}
