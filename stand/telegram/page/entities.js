/** Turns a text with Telegram's entities (offsets in UTF-16 units, as in JavaScript) into nodes. */

import { el } from "/page/dom.js";

const TAGS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote",
};

/** Return the nodes of `text`; a click on a command in it calls `onCommand(command)`. */
export function rich(text, entities = [], onCommand = () => {}) {
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  return between(text, 0, text.length, sorted, onCommand);
}

function between(text, start, end, entities, onCommand) {
  const nodes = [];
  let at = start;
  for (let i = 0; i < entities.length; i += 1) {
    const { offset, length } = entities[i];
    const stop = Math.min(offset + length, end);
    if (offset < at || offset >= end) continue;
    if (offset > at) nodes.push(text.slice(at, offset));
    const within = entities.slice(i + 1).filter((inner) => inner.offset >= offset && inner.offset + inner.length <= stop);
    nodes.push(wrap(entities[i], text.slice(offset, stop), between(text, offset, stop, within, onCommand), onCommand));
    at = stop;
  }
  if (at < end) nodes.push(text.slice(at, end));
  return nodes;
}

function wrap(entity, raw, inner, onCommand) {
  if (TAGS[entity.type]) return el(TAGS[entity.type], {}, ...inner);
  switch (entity.type) {
    case "bot_command":
      return el("button", { type: "button", class: "command", testid: "command", onclick: () => onCommand(raw) }, ...inner);
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:\/\//i.test(raw) ? raw : `https://${raw}`, inner);
    case "text_link":
      return link(entity.url, inner);
    case "email":
      return el("a", { href: `mailto:${raw}` }, ...inner);
    case "spoiler":
      return el("span", { class: "spoiler", tabindex: "0", onclick: ({ currentTarget }) => currentTarget.classList.add("shown") }, ...inner);
    default:
      return el("span", { class: ["mention", "text_mention", "hashtag"].includes(entity.type) ? "mention" : "" }, ...inner);
  }
}

/** Only the web's own schemes become links: a bot's text must not run scripts on this page. */
export function safeUrl(url) {
  try {
    return ["http:", "https:", "tg:"].includes(new URL(url, location.href).protocol) ? url : null;
  } catch {
    return null;
  }
}

function link(url, inner) {
  const href = safeUrl(url);
  return href ? el("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...inner) : el("span", {}, ...inner);
}
