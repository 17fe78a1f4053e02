/** Who is at the page and which chat is open: kept in the address, so that each tab can be another person. */

/** {user: id | null, chat: id | "list" | null}; null = the address does not say. */
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

/** Put the address right without a step in the history. */
export function settle(user, chat) {
  history.replaceState(null, "", hash(user, chat));
}
