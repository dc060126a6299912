// Counts as bars: of marks, and of the values of an axis. The numbers stand beside them.

const counts = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");
const plural = (count, noun) => `${counts(count)} ${noun}${count === 1 ? "" : "s"}`;
const absent = () => make("span.absent", "–", hiddenText("not in this report"));

function tally(cells) {
  const there = cells.filter(Boolean);
  if (!there.length) return absent();
  const found = data.marks
    .map(({ key, word }) => ({ key, word, count: there.filter(({ mark }) => mark === key).length }))
    .filter(({ count }) => count);
  const parts = found.map(({ key, count }) => make(`span.${key}`, sign(key), String(count)));
  const said = found.map(({ word, count }) => `${count} ${word}`).join(", ");
  return [stack(found), make("span.tally", { "aria-hidden": "true" }, parts), hiddenText(said)];
}

function stack(found) {
  const parts = found.map(({ key, count }) => {
    const part = make(`span.${key}`);
    part.style.flexGrow = count;
    return part;
  });
  return make("span.stack", { "aria-hidden": "true" }, parts);
}

function bar(count, most) {
  const filled = make("span.bar", { "aria-hidden": "true" });
  filled.style.setProperty("--share", count / most);
  return filled;
}

// Each row is a name with a count for each column.
function barTable(caption, columns, rows) {
  const most = Math.max(1, ...rows.flatMap(([, all]) => all));
  const head = columns.map((name) => make("th", { scope: "col" }, name));
  const number = (count) =>
    count
      ? make("td", make("span.count", counts(count)), bar(count, most))
      : make("td.untried", make("span.count", "–", hiddenText("not tried")));
  const body = rows.map(([name, all]) =>
    make("tr", make("th", { scope: "row" }, name || "(empty)"), all.map(number)),
  );
  return make(
    "table.bars",
    make("caption.unseen", caption),
    make("thead", make("tr", make("th", { scope: "col" }, "value"), head)),
    make("tbody", body),
  );
}

const axisWord = (axis) => (axis.startsWith("argument:") ? `${axis.slice(9)}=` : axis);
