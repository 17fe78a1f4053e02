/** The buttons under a message, and the wait for the bot's answer to a press. */

import * as api from "/page/api.js";
import { el, icon } from "/page/dom.js";
import { safeUrl } from "/page/entities.js";
import { alertBox, complain, toast } from "/page/toast.js";

/** A client waits about this long for answerCallbackQuery and then stops showing the press. */
const ANSWER_WAIT = 15_000;
const REMEMBERED = 50;

export class Presses {
  #waiting = new Map();
  #early = new Map();

  constructor(store) {
    this.store = store;
    store.on("press_answer", (event) => this.#answered(event));
  }

  #answered(event) {
    const settle = this.#waiting.get(event.callback_query_id);
    if (settle) return settle(event);
    // The bot's answer may arrive before the response to the press itself.
    this.#early.set(event.callback_query_id, event);
    if (this.#early.size > REMEMBERED) this.#early.delete(this.#early.keys().next().value);
    return undefined;
  }

  /** Press a button; resolve when the bot has answered or the wait is over. */
  async press(message, data) {
    const { me, open } = this.store;
    try {
      const { callback_query_id: id } = await api.press(me.id, open.id, message.message_id, data);
      const answer = this.#early.get(id) ?? (await this.#wait(id));
      this.#early.delete(id);
      if (answer?.text) (answer.show_alert ? alertBox : toast)(answer.text);
    } catch (error) {
      complain(error);
    }
  }

  #wait(id) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(null), ANSWER_WAIT);
      const settle = (event) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(event);
      };
      this.#waiting.set(id, settle);
    });
  }
}

/** Return the keyboard node of a message, or null. */
export function keyboardNode(message, presses) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return el("div", { class: "keyboard", testid: "keyboard", role: "group", "aria-label": "Buttons" },
    ...rows.map((row) => el("div", { class: "keys" }, ...row.map((button) => key(message, button, presses)))));
}

function key(message, button, presses) {
  const url = button.url && safeUrl(button.url);
  if (url) {
    return el("a", { class: "key", testid: "button", href: url, target: "_blank", rel: "noopener noreferrer" }, button.text, icon("link"));
  }
  const node = el("button", { type: "button", class: "key", testid: "button" }, button.text);
  if (button.copy_text) {
    node.addEventListener("click", () => navigator.clipboard.writeText(button.copy_text.text).then(() => toast("Copied"), complain));
  } else if (button.callback_data !== undefined) {
    node.addEventListener("click", () => hold(node, () => presses.press(message, button.callback_data)));
  } else {
    node.disabled = true;
  }
  return node;
}

async function hold(node, press) {
  if (node.ariaBusy === "true") return;
  node.ariaBusy = "true";
  await press();
  node.ariaBusy = null;
}
