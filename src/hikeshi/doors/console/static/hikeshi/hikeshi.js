// Keys, the "Live" mark, and manners for live regions. Everything works without this file, only slower.
// Runs under a strict policy: no eval, no inline style, nothing from elsewhere.
"use strict";
(() => {
  const STALE_AFTER = 30; // seconds without an answer
  const typing = (node) => node && node.matches("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");

  // --- keys: single letters only while no field has focus; they open or select, they never act -----------------------------
  let waitingForSecond = 0;
  const go = (selector) => { const link = document.querySelector(selector); if (link) link.click(); };
  const rows = () => [...document.querySelectorAll("main [data-row]")].filter((row) => row.offsetParent);
  const move = (by) => {
    const all = rows();
    const focused = all.indexOf(document.activeElement);
    const at = focused < 0 ? all.findIndex((row) => row.matches("[aria-current]")) : focused;
    const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
    if (next) next.focus();
  };
  const openForm = (id) => {
    const fold = document.getElementById(id);
    if (!fold) return;
    fold.open = true;
    const field = fold.querySelector("textarea, input:not([type=hidden]), select");
    if (field) field.focus();
  };
  const toggleKeys = () => {
    const list = document.getElementById("keys");
    if (!list) return;
    list.hidden = !list.hidden;
    if (!list.hidden) list.focus();
  };
  const focus = (selector) => { const field = document.querySelector(selector); if (field) field.focus(); };
  // What a page gives a letter of its own: a choice is made and its first field gets the focus, a link is followed, a button is focused.
  const press = (node) => {
    if (node.matches("a")) { node.click(); return; }
    if (node.matches("summary")) { openForm(node.parentElement.id); return; }
    if (!node.matches("[type=radio]")) { node.focus(); return; }
    node.checked = true;
    const fields = [...node.form.querySelectorAll(".only :is(select, input:not([type=radio]), input:checked), textarea")];
    (fields.find((field) => field.offsetParent) || node).focus();
  };
  const pick = () => {
    const box = document.activeElement.closest("[data-pick]")?.querySelector("input[type=checkbox]");
    if (box) box.checked = !box.checked;
  };
  const KEYS = {
    "/": () => focus("main input[name=q], main input[name=search]"),
    "?": toggleKeys,
    d: () => go("main a[href$='/declare/']"),
    e: () => openForm("summary"),
    j: () => move(1),
    k: () => move(-1),
    n: () => focus("#note"),
    v: () => openForm("severity"),
    x: pick,
  };
  const SECOND = { b: () => go(".nav a[href='/'], .brand"), t: () => go(".nav a[href='/alerts/']") };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      const list = document.getElementById("keys");
      if (list && !list.hidden) list.hidden = true; else if (typing(event.target)) event.target.blur(); else go("[data-close]");
      return;
    }
    if (typing(event.target)) return;
    const key = event.key.toLowerCase();
    const second = Date.now() - waitingForSecond < 1500;
    waitingForSecond = key === "g" && !second ? Date.now() : 0;
    const own = second || !/^[a-z+]$/.test(key) ? null : document.querySelector(`main [data-key="${key}"]`);
    const act = own ? () => press(own) : second ? SECOND[key] : KEYS[event.key === "?" ? "?" : key];
    if (act) { event.preventDefault(); act(); }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open]");
    if (link) { event.preventDefault(); openForm(link.dataset.open); }
  });

  // --- live regions ---------------------------------------------------------------------------------------------------------
  let heard = Date.now();
  const mark = () => {
    const live = document.getElementById("live");
    if (!live) return;
    const seconds = Math.round((Date.now() - heard) / 1000);
    const stale = seconds > STALE_AFTER;
    const words = stale ? live.dataset.stale.replace("{seconds}", String(seconds)) : live.dataset.live;
    live.classList.toggle("live-stale", stale);
    document.querySelectorAll("[hx-trigger]").forEach((region) => region.classList.toggle("stale", stale));
    if (live.textContent !== words) live.textContent = words;
  };
  setInterval(mark, 1000);

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    if (xhr.status !== 200) return;
    heard = Date.now();
    mark();
    // Live updates never take focus, text or an open fold away from the reader.
    if (target.contains(document.activeElement) || target.querySelector("details[open] form, input:checked")) { event.detail.shouldSwap = false; return; }
    if (target.id === "stream" && target.getBoundingClientRect().top < 0) { event.detail.shouldSwap = false; gather(target, xhr.responseText); return; }
    if (target.id === "step") offerReload(target, xhr.responseText);
    keepFolds(target);
  });
  // What the reader has unfolded stays unfolded: folds are known by their id.
  const keepFolds = (region) => {
    const open = [...region.querySelectorAll("details[id][open]")].map((fold) => fold.id);
    if (!open.length) return;
    document.addEventListener("htmx:afterSwap", () => {
      for (const id of open) { const fold = document.getElementById(id); if (fold) fold.open = true; }
    }, { once: true });
  };
  // Parts beside the target: the one somebody is writing in stays as they have it.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    if (event.detail.target.contains(document.activeElement)) event.detail.shouldSwap = false;
  });

  // --- the editor of playbooks: as many numbers as lines -----------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    if (event.target.id !== "yaml") return;
    const lines = event.target.value.split("\n").length;
    const numbers = document.getElementById("lines");
    event.target.rows = lines + 2;
    while (numbers.children.length < lines) numbers.append(document.createElement("li"));
    while (numbers.children.length > lines) numbers.lastChild.remove();
  });

  const parsed = (text) => new DOMParser().parseFromString(text, "text/html");
  const gather = (stream, text) => {
    const newest = (root) => Number(root.querySelector("[data-seq]")?.dataset.seq || 0);
    const old = newest(stream);
    const fresh = [...parsed(text).querySelectorAll("[data-seq]")].filter((entry) => Number(entry.dataset.seq) > old).length;
    const notice = stream.querySelector(".stream-new");
    if (!fresh || !notice) return;
    notice.textContent = notice.dataset.words.replace("{n}", String(fresh));
    notice.hidden = false;
  };
  // The step's forms belong to the state they were shown for: when it moves on, offer the new page instead of swapping it in.
  let stepState = document.getElementById("step")?.dataset.state;
  const offerReload = (region, text) => {
    const state = parsed(text).getElementById("step")?.dataset.state;
    if (state && stepState && state !== stepState) {
      document.addEventListener("htmx:afterSwap", () => {
        const notice = document.querySelector("#step .reload");
        if (notice) notice.hidden = false;
      }, { once: true });
    }
  };

  const wrong = document.getElementById("problem");
  if (wrong) wrong.focus();
})();
