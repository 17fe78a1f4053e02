/** Photos, videos, GIFs and files in a bubble. */

import { el, icon, iconButton } from "/page/dom.js";
import { size } from "/page/format.js";
import { openLightbox } from "/page/lightbox.js";

/** The box that a picture must fit (CSS px); a narrow picture is widened so that buttons stay readable. */
const BOX = 420;
const NARROWEST = 220;
const PRELOAD_WAIT = 4_000;

/** Return {width, ratio} of the space for a picture or video, before it is loaded. */
export function frame({ width, height }) {
  if (!width || !height) return { width: 320, ratio: 4 / 3 };
  const scale = Math.min(BOX / width, BOX / height, 1);
  return { width: Math.round(Math.max(width * scale, NARROWEST)), ratio: width / height };
}

/** Return the media node of a message, or null; the light box shows `caption`. */
export function mediaNode(media, caption) {
  if (!media) return null;
  if (media.kind === "photo") return photo(media, caption);
  if (media.kind === "video" || media.kind === "animation") return video(media, caption);
  return file(media);
}

function framed(media, node, ...rest) {
  const box = el("div", { class: `frame ${media.kind}`, testid: "media" }, node, ...rest);
  const { ratio } = frame(media);
  box.style.aspectRatio = String(Math.max(ratio, 0.5));
  return box;
}

function photo(media, caption) {
  const image = el("img", { src: media.url, alt: caption || "Photo", testid: "photo", draggable: "false" });
  image.decoding = "async";
  return framed(media, el("button", {
    type: "button", class: "open", testid: "open-media", "aria-label": `Open the photo${caption ? `: ${caption}` : ""}`,
    onclick: () => openLightbox(media, caption),
  }, image));
}

function video(media, caption) {
  const player = el("video", {
    src: media.url, testid: "video", autoplay: true, loop: true, playsinline: true, preload: "auto",
    controls: media.kind === "video", controlslist: "nofullscreen noremoteplayback nodownload", disablepictureinpicture: true,
    "aria-label": caption || "Video",
  });
  player.muted = true;
  const open = (event) => {
    // Clicks on the strip of controls at the bottom are for the player.
    if (player.controls && event.offsetY > player.clientHeight - 56) return;
    event.preventDefault();
    player.pause();
    openLightbox(media, caption, () => player.play().catch(() => {}));
  };
  player.addEventListener("click", open);
  const expand = iconButton("expand", "Open the video", { class: "expand", testid: "open-media", onclick: () => open({ offsetY: 0, preventDefault() {} }) });
  return framed(media, player, expand);
}

function file(media) {
  const name = media.file_name ?? "file";
  const kind = (name.includes(".") ? name.split(".").pop() : "file").slice(0, 4).toUpperCase();
  return el("a", { class: "file", testid: "document", href: media.url, download: name },
    el("span", { class: "file-kind", "aria-hidden": "true" }, el("span", {}, kind), icon("download")),
    el("span", { class: "file-words" }, el("span", { class: "file-name" }, name), el("span", { class: "file-size" }, [size(media.file_size), "Download"].filter(Boolean).join(" · "))));
}

/** Resolve when a photo is decoded, or after a time limit; for other media at once. */
export async function preload(media) {
  if (media.kind !== "photo") return;
  const image = new Image();
  image.src = media.url;
  const late = new Promise((done) => setTimeout(done, PRELOAD_WAIT));
  await Promise.race([image.decode().catch(() => {}), late]);
}
