// The card of a cell, made when it is opened: the promise, the numbers, and every finding.

const dialog = document.getElementById("card");

const UNKNOWN =
  "The tensorpact that wrote this page does not know this guarantee: the report is of another " +
  "version. Only what the report says is shown.";

const section = (title, ...contents) => make("section", make("h3", title), ...contents);

function card(guarantee, number) {
  const cell = guarantee.cells[number];
  const said = cardsOf(number)[guarantee.place];
  const body = [
    make("p.sentence", guarantee.sentence),
    guarantee.known ? null : make("p.remark", UNKNOWN),
    cell.selected ? null : make("p.remark", "It was not selected, but seen in this run."),
    guarantee.why && section("Why it matters", make("p", guarantee.why)),
    promises(said.promises.map((position) => guarantee.promises[position])),
    said.findings.length ? findings(said.findings) : null,
    said.deviations.length ? section("Known deviations", said.deviations.map(deviation)) : null,
    said.notes.length ? section("What was noted", countTable("outcome", said.notes)) : null,
    section("What was tried", axesTried(said.axes, cell)),
  ];
  return [cardHead(guarantee, number, cell), make("div.card-body", body)];
}

function cardHead(guarantee, number, { mark, verdict, level, judged, failed }) {
  const numbers = `${plural(judged, "case")} judged, ${counts(failed)} failed`;
  const said = mark === "advised" ? `advised: ${verdict}` : verdict;
  const close = button("quiet", () => dialog.close(), "Close");
  return make(
    "header",
    make("p.of", data.runs[number].key),
    make("h2", { id: "card-title", tabindex: "-1" }, guarantee.id),
    make("p.marks", pill(mark, said), make("span", level), make("span", numbers)),
    make(
      "div.tools",
      copyButton("Copy link", () => location.href),
      close,
    ),
  );
}

function promises(all) {
  if (!all.length) return null;
  const item = ({ document: title, section: part, url }) =>
    make("li", `${title}, `, link(url, part));
  const title = all.every(({ owed }) => owed) ? "Expected" : "Promised by";
  return section(title, make("ul.promises", all.map(item)));
}

function deviation({ kind, reason, where, issue, stale, cases }) {
  const known = [
    ["kind", kind],
    ["where", where],
    ["cases", cases],
    ["issue", issue && link(issue, issue)],
  ];
  const warning = stale ? make("p.remark", `Stale: ${stale}`) : null;
  return make("article.deviation", warning, make("p", reason), facts(known));
}

const countTable = (caption, all) =>
  barTable(
    caption,
    ["cases"],
    all.map(([name, count]) => [name, [count]]),
  );

function axesTried(axes, { judged }) {
  if (axes.length) return axes.map(axisTried);
  return make("p", judged ? "The report does not say." : "No case put it to the test.");
}

function axisTried([axis, values]) {
  const size = make("span.size", plural(values.length, "value"));
  const details = make("details", make("summary", axisWord(axis), size));
  const fill = () => details.append(countTable(axisWord(axis), values));
  details.addEventListener("toggle", fill, { once: true });
  return details;
}
