/** The page's data: people, chats, messages, unread counts. Notifies its listeners of changes. */

import * as api from "/page/api.js";
import { nameOf } from "/page/format.js";

/** Number of messages kept per chat; older ones are dropped from the page. */
export const KEPT = 300;
const ACTION_LASTS = 5_500;

const version = (message) => message.edits?.length ?? 0;

export class Store extends EventTarget {
  users = new Map();
  chats = new Map();
  me = null;
  open = null;
  #began = Date.now() / 1000;
  #read = new Map();
  #loads = new Map();

  on(kind, listener) {
    this.addEventListener(kind, ({ detail }) => listener(detail));
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  async loadUsers() {
    this.users = new Map((await api.users()).map((user) => [user.id, user]));
    this.#tell("people");
  }

  async loadChats() {
    const found = await api.chats();
    const known = new Set(found.map((chat) => chat.id));
    for (const chat of found) this.#chat(chat);
    for (const id of this.users.keys()) if (!known.has(id)) this.#chat({ id, type: "private", members: [id] });
    for (const [id, chat] of this.chats) if (chat.type !== "private" && !known.has(id)) this.chats.delete(id);
    if (this.me) await this.#loadMine();
    this.#tell("people");
  }

  #chat(data) {
    const chat = this.chats.get(data.id) ?? { messages: new Map(), gone: new Set(), action: null };
    const members = (data.members ?? [data.id]).map((member) => member.id ?? member);
    Object.assign(chat, data, { members, private: data.type === "private", name: data.type === "private" ? "Darkroom" : data.title });
    this.chats.set(chat.id, chat);
  }

  /** Become `user` with `chat` open ("list" = none). */
  async enter(user, chat) {
    this.me = this.users.get(user);
    await this.#loadMine();
    this.open = this.chats.get(chat) ?? null;
    this.#tell("place");
    this.markRead();
  }

  #loadMine() {
    return Promise.all(this.mine().map((chat) => this.#load(chat)));
  }

  #load(chat) {
    if (!this.#loads.has(chat.id)) {
      const load = api.messages(chat.id).catch((error) => {
        this.#loads.delete(chat.id);
        if (error.code !== 404) throw error;
        return [];
      }).then((messages) => {
        for (const message of messages.slice(-KEPT)) this.#put(chat, message);
        chat.messages = new Map([...chat.messages].sort(([a], [b]) => a - b));
        // Messages from before the page was opened count as read.
        const old = [...chat.messages.values()].filter((message) => (message.at ?? message.date) < this.#began);
        for (const user of chat.members) this.#read.set(`${user}:${chat.id}`, old.at(-1)?.message_id ?? 0);
      });
      this.#loads.set(chat.id, load);
    }
    return this.#loads.get(chat.id);
  }

  /** Store a message; return false if the page already has this version or a newer one. */
  #put(chat, message) {
    if (message.deleted || chat.gone.has(message.message_id)) return false;
    const known = chat.messages.get(message.message_id);
    if (known && version(known) > version(message)) return false;
    chat.messages.set(message.message_id, { reactions: known?.reactions, ...message });
    while (chat.messages.size > KEPT) chat.messages.delete(chat.messages.keys().next().value);
    return true;
  }

  /** Apply one event of the stream. */
  async take(event) {
    if (event.type === "user") await this.loadUsers();
    if (event.type === "user" || event.type === "chat" || (event.chat && !this.chats.has(event.chat))) await this.loadChats();
    const chat = this.chats.get(event.chat);
    if (event.type === "press_answer") this.#tell("press_answer", event);
    if (!chat) return;
    if (event.type === "action") this.#act(chat, event.action);
    if (event.type === "delete") this.#drop(chat, event);
    else if (event.type === "reaction") this.#arrive(chat, { ...event.message, reactions: event.reaction }, event.type);
    else if (event.message) this.#arrive(chat, event.message, event.type);
  }

  #arrive(chat, message, type) {
    const before = chat.messages.get(message.message_id);
    if (!this.#put(chat, message)) return;
    // The bot's action is over, with a new message or with a picture edited into an old one.
    const done = type === "message" || (message.media && message.media.url !== before?.media?.url);
    if (done && message.from?.is_bot) this.#act(chat, null);
    this.#tell("message", { chat, message: chat.messages.get(message.message_id) });
    if (chat === this.open && !document.hidden) this.markRead();
    else this.#tell("chat", chat);
  }

  #drop(chat, event) {
    const id = event.message?.message_id ?? event.message_id;
    chat.gone.add(id);
    chat.messages.delete(id);
    this.#tell("gone", { chat, id });
    this.#tell("chat", chat);
  }

  #act(chat, action) {
    clearTimeout(chat.actionEnds);
    if (action === chat.action && !action) return;
    chat.action = action;
    if (action) chat.actionEnds = setTimeout(() => this.#act(chat, null), ACTION_LASTS);
    this.#tell("chat", chat);
  }

  /** The chats that the person sees, the most recently used first. */
  mine() {
    const moved = (chat) => this.last(chat)?.migrate_to_chat_id;
    const mine = [...this.chats.values()].filter((chat) => chat.members.includes(this.me.id) && !moved(chat));
    const when = (chat) => (this.last(chat) ? this.last(chat).at ?? this.last(chat).date : 0);
    return mine.sort((a, b) => when(b) - when(a) || Number(b.private) - Number(a.private));
  }

  last(chat) {
    let last = null;
    for (const message of chat.messages.values()) if (!last || message.message_id > last.message_id) last = message;
    return last;
  }

  unread(chat) {
    const read = this.#read.get(`${this.me.id}:${chat.id}`) ?? 0;
    return [...chat.messages.values()].filter((m) => m.message_id > read && m.from?.id !== this.me.id).length;
  }

  /** Note that the person has seen the open chat to its end. */
  markRead() {
    if (!this.open) return;
    this.#read.set(`${this.me.id}:${this.open.id}`, this.last(this.open)?.message_id ?? 0);
    this.#tell("chat", this.open);
  }

  /** The person's newest text in the open chat, which arrow-up edits. */
  myLastText() {
    const own = [...this.open.messages.values()].filter((m) => m.from?.id === this.me.id && m.text);
    return own.sort((a, b) => b.message_id - a.message_id)[0] ?? null;
  }

  memberNames(chat) {
    return chat.members.map((id) => this.users.get(id)).filter(Boolean).map(nameOf);
  }
}
