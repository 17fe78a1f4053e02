/** The stand's events over SSE, continued after a break from the last one seen. */

import { lastSeq } from "/page/api.js";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5_000;

export class Stream {
  #source = null;
  #wait = FIRST_WAIT;

  /** handlers: event(object), state("live" | "broken"), restarted() when the stand began anew. */
  constructor(handlers) {
    this.handlers = handlers;
    this.seq = 0;
  }

  open(after) {
    this.seq = after;
    this.#source = new EventSource(`/control/stream?after=${after}`);
    this.#source.onopen = () => {
      this.#wait = FIRST_WAIT;
      this.handlers.state("live");
    };
    this.#source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      this.seq = Math.max(this.seq, event.seq);
      this.handlers.event(event);
    };
    // EventSource would reconnect to the same address, whose `after` is out of date by then.
    this.#source.onerror = () => {
      this.#source.close();
      this.handlers.state("broken");
      setTimeout(() => this.#again(), this.#wait);
      this.#wait = Math.min(this.#wait * 1.6, LONGEST_WAIT);
    };
  }

  async #again() {
    try {
      if ((await lastSeq(this.seq)) < this.seq) this.handlers.restarted();
      else this.open(this.seq);
    } catch {
      setTimeout(() => this.#again(), this.#wait);
      this.#wait = Math.min(this.#wait * 1.6, LONGEST_WAIT);
    }
  }
}
