/** The user of the page: the switcher, new people, new groups. */

import * as api from "/page/api.js";
import { byId, el, icon } from "/page/dom.js";
import { avatar, nameOf } from "/page/format.js";
import { openMenu, under } from "/page/menu.js";
import { go } from "/page/route.js";
import { complain } from "/page/toast.js";

const LANGUAGES = { en: "English", ru: "Русский", de: "Deutsch", es: "Español", fr: "Français", pt: "Português", uk: "Українська", zh: "中文" };
const language = (code) => LANGUAGES[code] ?? code ?? "English";

export class People {
  constructor(store) {
    this.store = store;
    this.button = byId("me");
    this.button.addEventListener("click", () => this.#menu());
    byId("new-group").addEventListener("click", () => this.#newGroup());
    for (const kind of ["place", "people"]) store.on(kind, () => this.render());
  }

  render() {
    const me = this.store.me;
    if (!me) return;
    this.button.replaceChildren(avatar({ id: me.id, name: nameOf(me) }, "small"),
      el("span", { class: "me-words" }, el("span", { class: "me-name", testid: "me" }, nameOf(me)), el("small", {}, language(me.language_code))), icon("down"));
  }

  #menu() {
    const people = [...this.store.users.values()].map((user) => ({
      label: nameOf(user), hint: language(user.language_code), testid: "user", checked: user === this.store.me,
      lead: avatar({ id: user.id, name: nameOf(user) }, "tiny"), run: () => go(user.id, user.id),
    }));
    const more = { label: "New user…", icon: "person", testid: "new-user", run: () => this.#newUser() };
    openMenu([...people, "line", more], under(this.button), "Users");
  }

  #newUser() {
    const name = el("input", { name: "name", required: true, maxlength: 64, testid: "new-user-name", placeholder: "Борис", autofocus: true });
    const tongue = el("select", { name: "language", testid: "new-user-language" }, ...Object.entries(LANGUAGES).map(([code, label]) => el("option", { value: code }, label)));
    ask("New user", "Create", [el("label", {}, "Name", name), el("label", {}, "Language", tongue)], async () => {
      const user = await api.newUser(name.value.trim(), tongue.value);
      await this.store.loadUsers();
      await this.store.loadChats();
      go(user.id, user.id);
    });
  }

  #newGroup() {
    const { me, users } = this.store;
    const title = el("input", { name: "title", required: true, maxlength: 128, testid: "new-group-title", placeholder: "Weekend pictures", autofocus: true });
    const picks = [...users.values()].map((user) => el("label", { class: "pick" },
      el("input", { type: "checkbox", value: user.id, checked: true, disabled: user === me, testid: "member" }),
      avatar({ id: user.id, name: nameOf(user) }, "tiny"), user === me ? `${nameOf(user)} (you)` : nameOf(user)));
    const members = el("fieldset", {}, el("legend", {}, "Members, beside the bot"), el("div", { class: "picks" }, ...picks));
    ask("New group", "Create", [el("label", {}, "Title", title), members], async () => {
      const chosen = [...members.querySelectorAll("input:checked")].map((box) => Number(box.value));
      const group = await api.newGroup(title.value.trim(), chosen);
      await this.store.loadChats();
      go(me.id, group.id);
    });
  }
}

/** Open a form in a dialog; it closes once `done` has succeeded. */
function ask(title, verb, fields, done) {
  const submit = el("button", { class: "primary", testid: "dialog-ok" }, verb);
  const dialog = el("dialog", { class: "box", testid: "dialog", "aria-label": title },
    el("form", { onsubmit: async (event) => {
      event.preventDefault();
      submit.disabled = true;
      await done().then(() => dialog.close(), complain);
      submit.disabled = false;
    } }, el("h2", {}, title), ...fields,
    el("div", { class: "box-buttons" }, el("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), submit)));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
