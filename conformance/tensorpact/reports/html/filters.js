// The filters; the legend of the marks is the filter by verdict.

const filters = document.getElementById("filters");

const toggled = (values, value) => new Set(values.has(value) ? [...values].filter((other) => other !== value) : [...values, value]);

function renderFilters() {
  const present = new Set(data.guarantees.flatMap(({ cells }) => cells).filter(Boolean).map((cell) => cell.mark));
  const shown = data.marks.filter(({ key }) => present.has(key));
  const search = make("input", { type: "search", id: "text", placeholder: "Search guarantees and defects", "aria-label": "Search guarantees and defects", oninput: late(() => amend({ text: search.value })) });
  const groups = data.groups.map(({ name, about }) => ({ value: name, name, about }));
  const runs = data.runs.map(({ key }) => ({ value: key, name: key, about: "" }));
  filters.replaceChildren(
    make("div", { class: "row" }, search, menu("group", "Groups", groups), runs.length > 1 ? menu("run", "Backends", runs) : null,
      button({ class: "quiet", id: "clear", onclick: () => { amend({ mark: new Set(), group: new Set(), run: new Set(), text: "" }); search.value = ""; search.focus(); } }, "Clear")),
    make("div", { class: "chips", role: "group", "aria-label": "Filter by verdict" }, shown.map(chip)),
    make("details", { class: "legend" }, make("summary", {}, "What the marks mean"), make("dl", {}, shown.map(explained))));
  filters.hidden = false;
}

const chip = ({ key, word, meaning }) =>
  button({ class: `chip ${key}`, "data-mark": key, "aria-pressed": "false", title: meaning, onclick: () => amend({ mark: toggled(state().mark, key) }) }, sign(key), word);

const explained = ({ key, word, meaning }) =>
  make("div", { class: key }, make("dt", {}, sign(key), word), make("dd", {}, meaning));

function menu(filter, title, options) {
  const boxes = options.map(({ value, name, about }) => make("label", {},
    make("input", { type: "checkbox", "data-filter": filter, value, onchange: () => amend({ [filter]: toggled(state()[filter], value) }) }),
    make("span", {}, name), about ? make("span", { class: "about" }, about) : null));
  return make("details", { class: "menu", "data-menu": filter, "data-title": title }, make("summary", {}, title), make("div", {}, boxes));
}

function syncFilters(wanted) {
  const search = document.getElementById("text");
  if (search !== document.activeElement) search.value = wanted.text;
  for (const each of filters.querySelectorAll("[data-mark]")) each.setAttribute("aria-pressed", String(wanted.mark.has(each.dataset.mark)));
  for (const box of filters.querySelectorAll("[data-filter]")) box.checked = wanted[box.dataset.filter].has(box.value);
  for (const each of filters.querySelectorAll("[data-menu]")) {
    const chosen = wanted[each.dataset.menu].size;
    each.querySelector("summary").textContent = chosen ? `${each.dataset.title}: ${chosen}` : each.dataset.title;
  }
  document.getElementById("clear").hidden = !narrowed(wanted) && !wanted.run.size;
}

function late(act) {
  let timer;
  return () => { clearTimeout(timer); timer = setTimeout(act, 150); };
}

// A menu closes like one.
document.addEventListener("click", (event) => {
  for (const each of filters.querySelectorAll("details[open]")) if (!each.contains(event.target)) each.open = false;
});
filters.addEventListener("keydown", (event) => {
  const open = event.target.closest("details[open]");
  if (event.key === "Escape" && open) { open.open = false; open.querySelector("summary").focus(); }
});
