// What the page is made of: its data, and elements that hold text and never markup.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

const data = read("data");
const marks = new Map(data.marks.map((mark) => [mark.key, mark]));
const guarantees = new Map(
  data.guarantees.map((guarantee, place) => [guarantee.id, { ...guarantee, place }]),
);
const runOf = new Map(data.runs.map((run, number) => [run.key, number]));

// The cards of a run are many, and are read when the first of them is opened.
const parsed = new Map();
const cardsOf = (number) => {
  if (!parsed.has(number)) parsed.set(number, read(`cards-${number}`));
  return parsed.get(number);
};

// make("p.remark", { id: "x" }, "text"): the attributes may be left out; what is null is.
function make(name, ...contents) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  const given = contents[0]?.constructor === Object ? contents.shift() : {};
  if (classes.length) element.className = classes.join(" ");
  for (const [attribute, value] of Object.entries(given)) {
    if (typeof value === "function") element.addEventListener(attribute, value);
    else element.setAttribute(attribute, value);
  }
  element.append(...contents.flat().filter((child) => child !== null && child !== ""));
  return element;
}

const button = (name, act, ...contents) => {
  const element = make(`button.${name}`, ...contents);
  element.type = "button";
  element.addEventListener("click", act);
  return element;
};

function sign(key) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#sign-${key}`);
  svg.setAttribute("class", "sign");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

const hiddenText = (text) => make("span.unseen", text);

// Only addresses of the web become links; a report may say anything.
const link = (url, text) =>
  /^https?:\/\//.test(url)
    ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text)
    : make("span", text === url ? url : `${text} (${url})`);
