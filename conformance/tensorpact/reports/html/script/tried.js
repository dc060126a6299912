// What was tried: the values of an axis, and how often each backend met them.

const VALUES_AT_FIRST = 20;
const axes = new Map(data.tried);
const axisChoice = make("select", { id: "axis" }, data.tried.map(axisOption));
const triedTable = make("div.scroller", {
  role: "region",
  "aria-labelledby": "tried-title",
  tabindex: "0",
});
const moreValues = button("quiet.more", () => renderTried(state(), Infinity));

function axisOption([axis, values]) {
  return make("option", { value: axis }, `${axisWord(axis)} (${plural(values.length, "value")})`);
}

function renderTried(wanted, most = VALUES_AT_FIRST) {
  const runs = shownRuns(wanted);
  const values = axes.get(axisChoice.value);
  const rows = values
    .slice(0, most)
    .map(([name, all]) => [name, runs.map((number) => all[number])]);
  const columns = runs.map((number) => data.runs[number].key);
  triedTable.replaceChildren(barTable(`Values of ${axisWord(axisChoice.value)}`, columns, rows));
  moreValues.hidden = values.length <= most;
  moreValues.textContent = `Show all ${values.length} values`;
}

function startTried() {
  axisChoice.addEventListener("change", () => renderTried(state()));
  const label = make("label", { for: "axis" }, "Axis ");
  document
    .getElementById("tried")
    .replaceChildren(make("p.choose", label, axisChoice), triedTable, moreValues);
  document.getElementById("tried-section").hidden = false;
}
