// What is filtered and which cell is open stands in the fragment of the address, and there only.

const FILTERS = ["mark", "group", "run"];

function state() {
  const said = new URLSearchParams(location.hash.slice(1));
  return {
    ...Object.fromEntries(FILTERS.map((name) => [name, new Set(said.getAll(name))])),
    text: said.get("text") ?? "",
    open: said.get("open"),
    of: said.get("of"),
  };
}

function fragment(wanted) {
  const said = new URLSearchParams();
  for (const name of FILTERS) for (const value of wanted[name]) said.append(name, value);
  for (const name of ["text", "open", "of"]) if (wanted[name]) said.set(name, wanted[name]);
  return `#${said}`;
}

// A card is a step that the browser's "back" takes back; a filter is none.
const step = (change) => {
  location.hash = fragment({ ...state(), ...change });
};
const amend = (change) => location.replace(fragment({ ...state(), ...change }));

const shownRuns = ({ run }) =>
  data.runs
    .map((_, number) => number)
    .filter((number) => !run.size || run.has(data.runs[number].key));

function matches(guarantee, wanted) {
  if (wanted.group.size && !wanted.group.has(guarantee.group)) return false;
  const cells = shownRuns(wanted)
    .map((number) => guarantee.cells[number])
    .filter(Boolean);
  if (wanted.mark.size && !cells.some((cell) => wanted.mark.has(cell.mark))) return false;
  const defects = cells.flatMap((cell) => cell.defects);
  const text = [guarantee.id, guarantee.sentence, ...defects].join("\n").toLowerCase();
  return wanted.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

const narrowed = (wanted) => Boolean(wanted.mark.size || wanted.group.size || wanted.text.trim());
