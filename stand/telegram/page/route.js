/** The page's person and open chat, kept in the address, so that each tab can be another person. */

/** {user: id | null, chat: id | "list" | null}; null = not in the address. */
export function read() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const chat = fields.get("chat");
  return { user: Number(fields.get("user")) || null, chat: chat === "" ? "list" : Number(chat) || null };
}

export function hash(user, chat) {
  return `#user=${user}&chat=${chat === "list" ? "" : chat}`;
}

export function go(user, chat) {
  location.hash = hash(user, chat);
}

/** Correct the address without a step in the history. */
export function settle(user, chat) {
  history.replaceState(null, "", hash(user, chat));
}
