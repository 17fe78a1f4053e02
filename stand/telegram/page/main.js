/** Connects the page's parts: the store, its views, the stream of events, the address. */

import * as api from "/page/api.js";
import { Composer } from "/page/composer.js";
import { byId } from "/page/dom.js";
import { Head } from "/page/head.js";
import { Presses } from "/page/keyboard.js";
import { openMenu } from "/page/menu.js";
import { Messages } from "/page/messages.js";
import { People } from "/page/people.js";
import * as route from "/page/route.js";
import { Sidebar } from "/page/sidebar.js";
import { Store } from "/page/store.js";
import { Stream } from "/page/stream.js";
import { complain, toast } from "/page/toast.js";

const LINK = { live: "Connected to the stand", broken: "Connection lost, trying again…", connecting: "Connecting…" };
const RETRY = 2_000;

const store = new Store();
const presses = new Presses(store);
const composer = new Composer(store);
new Sidebar(store);
new People(store);
new Head(store);
new Messages(store, {
  presses,
  menu,
  reply: (message) => composer.reply(message),
  command: (text) => composer.sendText(text),
  suggest: (words) => composer.suggest(words),
});

function menu(message, at) {
  const own = message.from?.id === store.me.id;
  const words = message.text ?? message.caption;
  const copy = () => navigator.clipboard.writeText(words).then(() => toast("Copied"), complain);
  openMenu([
    { label: "Reply", icon: "reply", testid: "menu-reply", run: () => composer.reply(message) },
    own && message.text ? { label: "Edit", icon: "edit", testid: "menu-edit", run: () => composer.edit(message) } : null,
    words ? { label: "Copy text", icon: "copy", testid: "menu-copy", run: copy } : null,
    { label: "Delete", icon: "trash", danger: true, testid: "menu-delete", run: () => api.remove(store.open.id, message.message_id).catch(complain) },
  ].filter(Boolean), at, "Message");
}

function link(state) {
  const node = byId("link");
  node.dataset.state = state;
  node.querySelector(".link-text").textContent = LINK[state];
}

/** Return the person and chat that the address names, or others that exist; create the first person if needed. */
async function place() {
  const wished = route.read();
  // The address may be ahead of the events.
  if (wished.user && !store.users.has(wished.user)) await store.loadUsers();
  if (wished.chat && wished.chat !== "list" && !store.chats.has(wished.chat)) await store.loadChats();
  if (!store.users.size) {
    await api.newUser("Ann", navigator.language.startsWith("ru") ? "ru" : "en");
    await store.loadUsers();
    await store.loadChats();
  }
  const user = store.users.has(wished.user) ? wished.user : store.users.keys().next().value;
  const there = wished.chat === "list" || store.chats.get(wished.chat)?.members.includes(user);
  const chat = there ? wished.chat : user;
  route.settle(user, chat);
  await store.enter(user, chat);
}

// A group that became a supergroup continues under another id.
store.on("message", ({ chat, message }) => {
  if (chat === store.open && message.migrate_to_chat_id) route.go(store.me.id, message.migrate_to_chat_id);
});

let turn = Promise.resolve();
/** Handle events one after another: none may overtake the one before it. */
const inTurn = (work) => {
  turn = turn.then(work).catch(complain);
};

const stream = new Stream({
  event: (event) => inTurn(() => store.take(event)),
  state: link,
  restarted: () => location.reload(),
});

async function start() {
  await stream.fromNow();
  await store.loadUsers();
  await store.loadChats();
  await place();
  stream.open();
}

async function begin() {
  await start().catch((error) => {
    link("broken");
    complain(error);
    setTimeout(begin, RETRY);
  });
}

addEventListener("hashchange", () => inTurn(place));
document.addEventListener("visibilitychange", () => document.hidden || store.markRead());
begin();
