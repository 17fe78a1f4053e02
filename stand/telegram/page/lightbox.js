/** The light box: one photo or video on a dark ground, as large as the window allows. */

import { el, icon, iconButton } from "/page/dom.js";

export function openLightbox(media, caption, closed = () => {}) {
  const shown = media.kind === "photo"
    ? el("img", { src: media.url, alt: caption || "Photo", class: "lightbox-media" })
    : el("video", { src: media.url, class: "lightbox-media", autoplay: true, loop: true, controls: true, playsinline: true });
  if (media.kind !== "photo") shown.muted = true;
  const name = media.file_name ?? `darkroom-${media.file_unique_id ?? "media"}.${media.kind === "photo" ? "jpg" : "mp4"}`;
  const dialog = el("dialog", { class: "lightbox", testid: "lightbox", "aria-label": caption || "Media" },
    el("div", { class: "lightbox-bar" },
      el("a", { class: "icon-button", href: media.url, download: name, "aria-label": "Download", title: "Download" }, icon("download")),
      iconButton("close", "Close", { testid: "lightbox-close", onclick: () => dialog.close() })),
    el("figure", { class: "lightbox-stage" }, shown, caption ? el("figcaption", {}, caption) : null));
  dialog.addEventListener("click", ({ target }) => {
    if (!target.closest(".lightbox-media, .lightbox-bar, figcaption")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  document.body.append(dialog);
  dialog.showModal();
}
