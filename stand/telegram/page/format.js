/** Formats people, times, sizes and messages. */

import { el, icon } from "/page/dom.js";

const HUES = 7;
const KINDS = { photo: "Photo", video: "Video", animation: "GIF", document: "File" };
const ACTIONS = {
  typing: "typing",
  upload_photo: "sending a photo",
  record_video: "recording a video",
  upload_video: "sending a video",
  upload_document: "sending a file",
  choose_sticker: "choosing a sticker",
};

export const nameOf = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ") || `User ${user.id}`;

/** Return a round picture with the initials, or the bot's aperture. */
export function avatar(of, size = "") {
  if (of.bot) return el("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, icon("aperture"));
  const words = of.name.trim().split(/\s+/).filter(Boolean);
  const initials = words.slice(0, 2).map((word) => [...word][0].toUpperCase()).join("") || "?";
  return el("span", { class: `avatar hue-${Math.abs(of.id) % HUES} ${size}`, "aria-hidden": "true" }, initials);
}

export const hueOf = (id) => `hue-${Math.abs(id) % HUES}`;
export const sentAt = (message) => new Date((message.at ?? message.date) * 1000);
export const clock = (date) => date.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

/** Return "Today", "Yesterday" or "21 November", with the year unless it is this one. */
export function day(date) {
  const midnight = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString([], { day: "numeric", month: "long", year });
}

/** Return the time of a chat's last message: the clock time if today, otherwise the date. */
export function shortTime(date) {
  return day(date) === "Today" ? clock(date) : date.toLocaleDateString([], { day: "2-digit", month: "2-digit" });
}

export function size(bytes) {
  if (!bytes) return "";
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

export const action = (name) => ACTIONS[name] ?? name.replaceAll("_", " ");

/** Return a message's content in one line (chat list, quotes). */
export function gist(message) {
  const words = message.text ?? message.caption ?? "";
  if (words) return words.replace(/\s+/g, " ").slice(0, 160);
  if (message.media) return KINDS[message.media.kind] ?? "File";
  if (message.photo) return KINDS.photo;
  if (message.video) return KINDS.video;
  if (message.animation) return KINDS.animation;
  if (message.document) return message.document.file_name ?? KINDS.document;
  if (message.sticker) return `${message.sticker.emoji ?? ""} Sticker`.trim();
  return service(message) ?? "Message";
}

/** Return the sentence of a service message (a user joined, the group was upgraded), or null for others. */
export function service(message) {
  const who = message.from ? nameOf(message.from) : "Someone";
  if (message.new_chat_members) return `${message.new_chat_members.map(nameOf).join(", ")} joined the group`;
  if (message.left_chat_member) return `${nameOf(message.left_chat_member)} left the group`;
  if (message.new_chat_title) return `${who} renamed the group to “${message.new_chat_title}”`;
  if (message.group_chat_created || message.supergroup_chat_created) return `${who} created the group`;
  if (message.migrate_to_chat_id) return "The group became a supergroup";
  if (message.migrate_from_chat_id) return "This supergroup was a group before";
  if (message.pinned_message) return `${who} pinned a message`;
  return null;
}
