/** The control API of the stand, one function per call. Each throws an Error whose message can be shown. */

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(`/control/${path}`, {
      method,
      headers: body ? { "content-type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(15_000),
    });
  } catch (error) {
    throw new Error("The stand does not answer. Is it still running?", { cause: error });
  }
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(data.error ?? `The stand answered ${answer.status}`), { code: answer.status });
  return data;
}

const get = (path) => call("GET", path);
const post = (path, body) => call("POST", path, body);

export const users = async () => (await get("users")).users;
export const newUser = (first_name, language_code) => post("users", { first_name, language_code });
export const chats = async () => (await get("chats")).chats;
export const newGroup = (title, members) => post("chats", { title, members });
export const messages = async (chat) => (await get(`chats/${chat}/messages`)).messages;
export const send = (user, chat, content, reply_to) => post("messages", { user, chat, ...content, reply_to });
export const edit = (user, chat, message_id, text) => post("edits", { user, chat, message_id, text });
export const remove = (chat, message_id) => post("deletes", { chat, message_id });
export const press = (user, chat, message_id, data) => post("presses", { user, chat, message_id, data });

/** {seq, events}: the stand's newest event number, and the events after a given one. */
export const events = (after) => get(`events?after=${after}&timeout=0`);

/** The bot's commands; none from an older stand without this call. */
export async function commands() {
  try {
    return (await get("commands")).commands ?? [];
  } catch (error) {
    if (error.code === 404) return [];
    throw error;
  }
}
