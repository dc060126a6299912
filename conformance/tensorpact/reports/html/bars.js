// Counts as bars: of marks, and of the values of an axis. The numbers stand beside them.

function counted(cells) {
  const counts = new Map();
  for (const cell of cells) if (cell) counts.set(cell.mark, (counts.get(cell.mark) ?? 0) + 1);
  return data.marks.filter(({ key }) => counts.has(key)).map(({ key, word }) => ({ key, word, count: counts.get(key) }));
}

function stack(counts) {
  const bar = make("span", { class: "stack", "aria-hidden": "true" });
  for (const { key, count } of counts) {
    const part = make("span", { class: key });
    part.style.flexGrow = count;
    bar.append(part);
  }
  return bar;
}

const absent = () => make("span", { class: "absent" }, "–", hiddenText("not in this report"));

function tally(counts) {
  if (!counts.length) return absent();
  const said = counts.map(({ word, count }) => `${count} ${word}`).join(", ");
  const parts = counts.map(({ key, count }) => make("span", { class: key }, sign(key), String(count)));
  return [stack(counts), make("span", { class: "tally", "aria-hidden": "true" }, parts), hiddenText(said)];
}

function bar(count, most) {
  const filled = make("span", { class: "bar", "aria-hidden": "true" });
  filled.style.setProperty("--share", count / most);
  return filled;
}

const counts = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");

function barTable(caption, columns, rows) {
  const most = Math.max(1, ...rows.flatMap((row) => row.counts));
  const head = make("tr", {}, make("th", { scope: "col" }, "value"), columns.map((name) => make("th", { scope: "col" }, name)));
  const body = rows.map(({ name, counts: all }) => make("tr", {},
    make("th", { scope: "row" }, name || "(empty)"),
    all.map((count) => make("td", { class: count ? "" : "untried" },
      make("span", { class: "count" }, count ? counts(count) : "–", count ? "" : hiddenText("not tried")), bar(count, most)))));
  return make("table", { class: "bars" }, make("caption", { class: "unseen" }, caption), make("thead", {}, head), make("tbody", {}, body));
}

const axisWord = (axis) => axis.startsWith("argument:") ? `${axis.slice(9)}=` : axis;
const MOST_VALUES = 20;

function renderTried(wanted) {
  const place = document.getElementById("tried");
  const axes = new Map(data.tried);
  document.getElementById("tried-section").hidden = !axes.size;
  if (!axes.size) return;
  const choice = make("select", { id: "axis", onchange: () => show(MOST_VALUES) },
    data.tried.map(([axis, values]) => make("option", { value: axis }, `${axisWord(axis)} (${plural(values.length, "value")})`)));
  const before = document.getElementById("axis")?.value;
  if (axes.has(before)) choice.value = before;
  const table = make("div", { class: "scroller", role: "region", "aria-labelledby": "tried-title", tabindex: "0" });
  const more = button({ class: "quiet more", onclick: () => show(Infinity) });
  const runs = shownRuns(wanted);
  function show(most) {
    const values = axes.get(choice.value);
    const rows = values.slice(0, most).map(([name, all]) => ({ name, counts: runs.map((number) => all[number]) }));
    table.replaceChildren(barTable(`How often each value of ${axisWord(choice.value)} was tried`, runs.map((number) => data.runs[number].key), rows));
    more.hidden = values.length <= most;
    more.textContent = `Show all ${values.length} values`;
  }
  place.replaceChildren(make("p", { class: "choose" }, make("label", { for: "axis" }, "Axis "), choice), table, more);
  show(MOST_VALUES);
}
