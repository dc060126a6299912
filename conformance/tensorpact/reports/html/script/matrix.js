// The matrix: a row a group, and the rows of its guarantees where it is unfolded.

// Beyond so many runs the cells are signs alone; up to so few there is room for the sentences.
const SPACIOUS = 6;
const WITH_SENTENCES = 2;

const place = document.getElementById("matrix-place");
const status = document.getElementById("shown");
const unfolding = button("quiet", () => unfold(someFolded()));
let bodies = new Map();

const idOfCell = (id, number) => `cell-${number}-${id}`;

function renderMatrix(wanted) {
  const runs = shownRuns(wanted);
  const rows = data.guarantees.filter((guarantee) => matches(guarantee, wanted));
  const groups = Map.groupBy(rows, ({ group }) => group);
  bodies = new Map([...groups].map(([name, inside]) => [name, groupBody(name, inside, runs)]));
  const elements = [...bodies.values()].map((body) => body.element);
  const caption = make("caption.unseen", "Guarantees and what became of them");
  const table = make(`table.matrix.${room(runs)}`, caption, head(rows, runs), elements);
  table.style.setProperty("--runs", runs.length);
  place.replaceChildren(table);
  place.hidden = !rows.length;
  status.textContent = howMany(rows.length, data.guarantees.length);
  unfold(narrowed(wanted));
}

const room = ({ length }) =>
  length > SPACIOUS ? "dense" : length > WITH_SENTENCES ? "spacious" : "wordy";

function howMany(shown, all) {
  if (!shown) return "No guarantee matches these filters.";
  return shown === all ? "" : `${shown} of ${plural(all, "guarantee")}`;
}

function head(rows, runs) {
  const title = make("th", { scope: "row" }, plural(rows.length, "guarantee"));
  return make(
    "thead",
    make("tr", make("td", unfolding), runs.map(columnHead)),
    make("tr.all", title, tallies(rows, runs)),
  );
}

function columnHead(number) {
  const { key, name, conforms } = data.runs[number];
  return make(
    "th",
    { scope: "col" },
    make("span.name", name),
    make("span.version", key.slice(name.length).trim()),
    make(`span.verdict.${conforms.replaceAll(" ", "-")}`, conforms),
  );
}

const tallies = (rows, runs) =>
  runs.map((number) => make("td", tally(rows.map(({ cells }) => cells[number]))));

function groupBody(name, rows, runs) {
  const toggle = button(
    "fold",
    () => set(!body.open),
    make("span.name", name),
    make("span.size", String(rows.length), hiddenText(" guarantees")),
    make("span.about", data.groups[name]),
  );
  const summary = make("tr.group", make("th", { scope: "rowgroup" }, toggle), tallies(rows, runs));
  const body = { element: make("tbody", summary), open: false, set };
  function set(open) {
    body.open = open;
    toggle.setAttribute("aria-expanded", String(open));
    while (summary.nextSibling) summary.nextSibling.remove();
    if (open) body.element.append(...rows.map((guarantee) => guaranteeRow(guarantee, runs)));
    labelUnfolding();
  }
  return body;
}

function guaranteeRow(guarantee, runs) {
  const { id, group, known, sentence } = guarantee;
  const wordy = runs.length <= WITH_SENTENCES;
  const title = make(
    "th",
    { scope: "row", title: sentence },
    make("span", breakable(id.slice(group.length + 1) || id)),
    !known ? make("span.unknown", "unknown here") : null,
    wordy ? make("span.about", sentence) : null,
  );
  return make(
    "tr",
    title,
    runs.map((number) => make("td", cell(guarantee, number))),
  );
}

// A line may end behind a hyphen of a name.
const breakable = (name) =>
  name.split("-").flatMap((word, number) => (number ? ["-", make("wbr"), word] : [word]));

function cell({ id, cells }, number) {
  const said = cells[number];
  if (!said) return absent();
  const { key } = data.runs[number],
    { word } = marks.get(said.mark);
  const findings = said.findings ? `, ${plural(said.findings, "finding")}` : "";
  return button(
    `cell.${said.mark}`,
    () => step({ open: id, of: key }),
    {
      id: idOfCell(id, number),
      "aria-label": `${word}${findings}: ${id}, ${key}`,
      "aria-haspopup": "dialog",
    },
    sign(said.mark),
    make("span.word", word),
    said.findings ? make("span.size", String(said.findings)) : null,
  );
}

const someFolded = () => [...bodies.values()].some((body) => !body.open);
const unfold = (open) => bodies.forEach((body) => body.set(open));
const labelUnfolding = () => {
  unfolding.textContent = someFolded() ? "Unfold all" : "Fold all";
};

// Arrows go from cell to cell; Tab goes through all of them.
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

place.addEventListener("keydown", (event) => {
  const from = event.target.closest("td, th");
  if (!from || !(event.key in MOVES)) return;
  const [down, right] = MOVES[event.key];
  const rows = [...place.querySelectorAll("tr")];
  const row = rows[rows.indexOf(from.parentElement) + down];
  const next = row?.cells[from.cellIndex + right]?.querySelector("button");
  if (!next) return;
  next.focus();
  event.preventDefault();
});
