// The matrix: a row a group, and the rows of its guarantees where it is unfolded.

const place = document.getElementById("matrix-place");
// From so many runs on the cells are signs alone; up to so few there is room for the sentences.
const DENSE = 6, WITH_SENTENCES = 2;

let bodies = new Map();

const idOfCell = (id, number) => `cell-${number}-${id}`;

function renderMatrix(wanted) {
  const runs = shownRuns(wanted);
  const rows = data.guarantees.filter((guarantee) => matches(guarantee, wanted));
  const inGroup = (group) => rows.filter((guarantee) => guarantee.group === group.name);
  const groups = data.groups.filter((group) => inGroup(group).length);
  bodies = new Map(groups.map((group) => [group.name, groupBody(group, inGroup(group), runs)]));
  const table = make("table", { class: `matrix ${runs.length > DENSE ? "dense" : runs.length <= WITH_SENTENCES ? "wordy" : ""}` },
    make("caption", { class: "unseen" }, "Guarantees and what became of them"),
    head(rows, runs), ...[...bodies.values()].map((body) => body.element));
  table.style.setProperty("--runs", runs.length);
  place.replaceChildren(table);
  place.hidden = !rows.length;
  document.getElementById("shown").textContent = rows.length === data.guarantees.length ? "" : rows.length
    ? `${rows.length} of ${plural(data.guarantees.length, "guarantee")}` : "No guarantee matches these filters.";
  if (narrowed(wanted)) unfold(true);
  labelUnfolding();
}

function head(rows, runs) {
  const column = (number) => {
    const run = data.runs[number];
    return make("th", { scope: "col" }, make("span", { class: "name" }, run.name),
      make("span", { class: "version" }, run.key.slice(run.name.length).trim()),
      make("span", { class: `verdict ${run.conforms.replaceAll(" ", "-")}` }, run.conforms));
  };
  const all = (number) => make("td", {}, tally(counted(rows.map(({ cells }) => cells[number]))));
  const unfolding = button({ class: "quiet", id: "unfold", onclick: () => { unfold(someFolded()); labelUnfolding(); } });
  return make("thead", {},
    make("tr", {}, make("td", {}, unfolding), runs.map(column)),
    make("tr", { class: "all" }, make("th", { scope: "row" }, plural(rows.length, "guarantee")), runs.map(all)));
}

function groupBody(group, rows, runs) {
  const toggle = button({ class: "fold", "aria-expanded": "false", onclick: () => { set(!body.open); labelUnfolding(); } },
    make("span", { class: "name" }, group.name), make("span", { class: "size" }, String(rows.length), hiddenText(" guarantees")),
    make("span", { class: "about" }, group.about));
  const cell = (number) => make("td", {}, tally(counted(rows.map(({ cells }) => cells[number]))));
  const summary = make("tr", { class: "group" }, make("th", { scope: "rowgroup" }, toggle), runs.map(cell));
  const element = make("tbody", {}, summary);
  const body = { element, open: false, set };
  function set(open) {
    if (open === body.open) return;
    body.open = open;
    toggle.setAttribute("aria-expanded", String(open));
    element.replaceChildren(summary, ...(open ? rows.map((guarantee) => guaranteeRow(guarantee, runs)) : []));
  }
  return body;
}

function guaranteeRow(guarantee, runs) {
  const name = guarantee.id.slice(guarantee.group.length + 1) || guarantee.id;
  const unknown = guarantee.sentence === null ? make("span", { class: "unknown" }, "unknown here") : null;
  const words = name.split("-").flatMap((word, number) => number ? ["-", make("wbr"), word] : [word]);
  const sentence = runs.length <= WITH_SENTENCES ? make("span", { class: "about" }, guarantee.sentence ?? "") : null;
  return make("tr", {}, make("th", { scope: "row", title: guarantee.sentence ?? false }, make("span", {}, words), unknown, sentence),
    runs.map((number) => make("td", {}, cellButton(guarantee, number))));
}

function cellButton({ id, cells }, number) {
  const cell = cells[number], run = data.runs[number];
  if (!cell) return absent();
  const { word } = marks.get(cell.mark);
  const findings = cell.findings ? `, ${plural(cell.findings, "finding")}` : "";
  return button({
    class: `cell ${cell.mark}`, id: idOfCell(id, number),
    "aria-label": `${word}${findings}: ${id}, ${run.key}`, "aria-haspopup": "dialog",
    onclick: () => step({ open: id, of: run.key }),
  }, sign(cell.mark), make("span", { class: "word" }, word), cell.findings ? make("span", { class: "size" }, String(cell.findings)) : null);
}

const someFolded = () => [...bodies.values()].some((body) => !body.open);
const unfold = (open) => bodies.forEach((body) => body.set(open));
const labelUnfolding = () => { document.getElementById("unfold").textContent = someFolded() ? "Unfold all" : "Fold all"; };

// Arrows go from cell to cell; Tab goes through all of them.
place.addEventListener("keydown", (event) => {
  const from = event.target.closest("td, th"), row = from?.parentElement;
  if (!row || !["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
  const rows = [...place.querySelectorAll("tr")], down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
  const right = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
  const next = rows[rows.indexOf(row) + down]?.cells[from.cellIndex + right]?.querySelector("button");
  if (next) { next.focus(); event.preventDefault(); }
});
