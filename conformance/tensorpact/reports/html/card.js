// The card of a cell, made when it is opened: the promise, the numbers, and every finding.

const dialog = document.getElementById("card");
const FINDINGS_AT_ONCE = 10;

const section = (title, ...children) => make("section", {}, make("h3", {}, title), ...children);
const fact = ([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, text));
const facts = (pairs) => make("dl", { class: "facts" }, pairs.filter(([, text]) => text).map(fact));

function card(guarantee, number) {
  const cell = guarantee.cells[number], said = cardsOf(number)[guarantee.place];
  const promised = said.promises.map((position) => guarantee.promises[position]);
  return [cardHead(guarantee, number, cell), make("div", { class: "card-body" },
    make("p", { class: "sentence" }, guarantee.sentence ?? "The tensorpact that wrote this page does not know this guarantee: the report is of another version. Only what the report says is shown."),
    cell.selected ? null : make("p", { class: "remark" }, "It was not selected, but seen in this run."),
    guarantee.why === null ? null : section("Why it matters", make("p", {}, guarantee.why)),
    promised.length ? section(promised.every(({ owed }) => owed) ? "Expected" : "Promised by", make("ul", { class: "promises" }, promised.map(promise))) : null,
    said.findings.length ? findings(said.findings) : null,
    said.deviations.length ? section("Known deviations", said.deviations.map(deviation)) : null,
    said.notes.length ? section("What was noted", bars("outcome", said.notes)) : null,
    tried(said.axes, cell))];
}

function cardHead(guarantee, number, cell) {
  const { word } = marks.get(cell.mark);
  const verdict = cell.mark === "advised" ? `${word}: ${cell.verdict}` : cell.verdict;
  return make("header", {},
    make("p", { class: "of" }, data.runs[number].key),
    make("h2", { id: "card-title", tabindex: "-1" }, guarantee.id),
    make("p", { class: "marks" }, make("span", { class: `pill ${cell.mark}` }, sign(cell.mark), verdict), make("span", {}, cell.level),
      make("span", {}, `${plural(cell.judged, "case")} judged, ${counts(cell.failed)} failed`)),
    make("div", { class: "tools" }, copyButton("Copy link", () => location.href), button({ class: "quiet", onclick: () => dialog.close() }, "Close")));
}

const promise = ({ document: title, section: part, url }) => make("li", {}, `${title}, `, link(url, part));

function findings(all) {
  const list = make("div", {});
  const more = button({ class: "quiet more", onclick: () => add() });
  function add() {
    const shown = list.childElementCount;
    list.append(...all.slice(shown, shown + FINDINGS_AT_ONCE).map((each, index) => finding(each, shown + index + 1, all.length)));
    const left = all.length - list.childElementCount;
    more.hidden = !left;
    more.textContent = `Show ${Math.min(left, FINDINGS_AT_ONCE)} more of ${left}`;
    if (shown) list.children[shown].querySelector("h4").focus();
  }
  add();
  return section(plural(all.length, "finding"), list, more);
}

function finding(found, number, count) {
  const defect = found.facts.find(([name]) => name === "defect")?.[1];
  const others = found.facts.filter(([name]) => name !== "defect");
  const verdict = found.verdict === "fail" ? null : make("span", { class: `pill ${found.verdict}` }, sign(found.verdict), found.verdict);
  return make("article", { class: "finding", "aria-label": `finding ${number} of ${count}` },
    make("h4", { tabindex: "-1" }, make("span", { class: "number" }, `${number}`), defect ?? others.find(([name]) => name === "seen")?.[1] ?? "finding", verdict),
    found.known ? make("p", { class: "remark" }, `Known: ${found.known}`) : null,
    code(found.code, "Copy code"), facts([...others, ["cases", found.cases]]),
    code(found.replay, "Copy command"));
}

const code = (text, label) => make("div", { class: "code" }, make("pre", {}, make("code", {}, text)), copyButton(label, () => text));

function deviation({ kind, reason, where, issue, stale, cases }) {
  return make("article", { class: "deviation" }, stale ? make("p", { class: "remark" }, `Stale: ${stale}`) : null,
    make("p", {}, reason), facts([["kind", kind], ["where", where], ["cases", cases], ["issue", issue ? link(issue, issue) : ""]]));
}

const bars = (caption, all) => barTable(caption, ["cases"], all.map(([name, count]) => ({ name, counts: [count] })));

function tried(axes, cell) {
  if (!axes.length) return section("What was tried", make("p", {}, cell.judged ? "The report does not say." : "No case put it to the test."));
  return section("What was tried", axes.map(([axis, values]) => {
    const details = make("details", {}, make("summary", {}, axisWord(axis), make("span", { class: "size" }, plural(values.length, "value"))));
    details.addEventListener("toggle", () => details.append(bars(axisWord(axis), values)), { once: true });
    return details;
  }));
}

function copyButton(label, text) {
  const said = make("span", { role: "status" }, label);
  return button({ class: "copy", onclick: async (event) => {
    said.textContent = (await copied(text(), event.currentTarget)) ? "Copied" : "Select and copy it";
    setTimeout(() => { said.textContent = label; }, 2000);
  } }, said);
}

async function copied(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text, beside);
  }
}

// Where a page has no clipboard, as from a file in some browsers. The dialog has all else inert.
function copiedBySelection(text, beside) {
  const area = make("textarea", { class: "unseen", "aria-label": "text to copy" });
  area.value = text;
  beside.after(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  beside.focus();
  return done;
}
