// The filters; the marks of the legend are the filter by verdict.

const filters = document.getElementById("filters");
const SEARCH = "Search guarantees and defects";
const search = make("input", { type: "search", placeholder: SEARCH, "aria-label": SEARCH });
const clear = button("quiet", clearAll, "Clear");

const toggled = (values, value) => values.symmetricDifference(new Set([value]));

function startFilters() {
  const cells = data.guarantees.flatMap((guarantee) => guarantee.cells).filter(Boolean);
  const present = new Set(cells.map(({ mark }) => mark));
  const shown = data.marks.filter(({ key }) => present.has(key));
  const groups = Object.entries(data.groups);
  const runs = data.runs.map(({ key }) => [key, ""]);
  const menus = [menu("group", "Groups", groups), runs.length > 1 && menu("run", "Backends", runs)];
  const label = { role: "group", "aria-label": "Filter by verdict" };
  const legend = make("dl", shown.map(explained));
  filters.replaceChildren(
    make("div.row", search, ...menus.filter(Boolean), clear),
    make("div.chips", label, shown.map(chip)),
    make("details.legend", make("summary", "What the marks mean"), legend),
  );
  filters.hidden = false;
}

const chip = ({ key, word, meaning }) =>
  button(
    `chip.${key}`,
    () => amend({ mark: toggled(state().mark, key) }),
    { "data-mark": key, "aria-pressed": "false", title: meaning },
    sign(key),
    word,
  );

const explained = ({ key, word, meaning }) =>
  make(`div.${key}`, make("dt", sign(key), word), make("dd", meaning));

function menu(filter, title, options) {
  const box = ([value, about]) => {
    const change = () => amend({ [filter]: toggled(state()[filter], value) });
    const input = make("input", { type: "checkbox", "data-filter": filter, value, change });
    return make("label", input, make("span", value), make("span.about", about));
  };
  const named = { "data-menu": filter, "data-title": title };
  return make("details.menu", named, make("summary", title), make("div", options.map(box)));
}

function clearAll() {
  search.value = "";
  search.focus();
  amend({ mark: new Set(), group: new Set(), run: new Set(), text: "" });
}

function syncFilters(wanted) {
  if (search !== document.activeElement) search.value = wanted.text;
  for (const each of filters.querySelectorAll("[data-mark]"))
    each.setAttribute("aria-pressed", String(wanted.mark.has(each.dataset.mark)));
  for (const box of filters.querySelectorAll("[data-filter]"))
    box.checked = wanted[box.dataset.filter].has(box.value);
  for (const { dataset, firstChild } of filters.querySelectorAll("[data-menu]")) {
    const chosen = wanted[dataset.menu].size;
    firstChild.textContent = chosen ? `${dataset.title}: ${chosen}` : dataset.title;
  }
  clear.hidden = !narrowed(wanted) && !wanted.run.size;
}

// A filter takes effect when the typing rests.
let typing;
search.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => amend({ text: search.value }), 150);
});

// A menu closes like one.
document.addEventListener("click", ({ target }) => {
  for (const each of filters.querySelectorAll(".menu[open]"))
    if (!each.contains(target)) each.open = false;
});
filters.addEventListener("keydown", ({ key, target }) => {
  const open = target.closest(".menu[open]");
  if (key !== "Escape" || !open) return;
  open.open = false;
  open.firstChild.focus();
});
