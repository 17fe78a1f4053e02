/** The stand's events over SSE; after a break they continue after the last one received. */

import { events } from "/page/api.js";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 5_000;

export class Stream {
  #source = null;
  #wait = FIRST_WAIT;

  /** handlers: event(object), state("live" | "broken"), restarted() when the stand was restarted. */
  constructor(handlers) {
    this.handlers = handlers;
    this.seq = 0;
    this.last = null;
  }

  /** Start with the events from now on. */
  async fromNow() {
    const { seq } = await events(Number.MAX_SAFE_INTEGER);
    this.seq = seq;
    this.last = (await events(seq - 1)).events[0] ?? null;
  }

  open() {
    const after = this.seq;
    this.#source = new EventSource(`/control/stream?after=${after}`);
    this.#source.onopen = () => {
      this.#wait = FIRST_WAIT;
      this.handlers.state("live");
    };
    this.#source.onmessage = ({ data }) => {
      const event = JSON.parse(data);
      this.seq = event.seq;
      this.last = event;
      this.handlers.event(event);
    };
    // EventSource would reconnect to the same address, whose `after` is then out of date.
    this.#source.onerror = () => {
      this.#source.close();
      this.handlers.state("broken");
      setTimeout(() => this.#again(), this.#wait);
      this.#wait = Math.min(this.#wait * 1.6, LONGEST_WAIT);
    };
  }

  /** Return whether the stand was restarted since the last event: its numbers then start again. */
  async #isAnother() {
    const { seq, events: since } = await events(this.seq - 1);
    const same = since.find((event) => event.seq === this.seq);
    return seq < this.seq || Boolean(same && this.last && JSON.stringify(same) !== JSON.stringify(this.last));
  }

  async #again() {
    try {
      if (await this.#isAnother()) this.handlers.restarted();
      else this.open();
    } catch {
      setTimeout(() => this.#again(), this.#wait);
      this.#wait = Math.min(this.#wait * 1.6, LONGEST_WAIT);
    }
  }
}
