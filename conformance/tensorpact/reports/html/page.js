// What the page is made of: its data, and elements that hold text and never markup.

const read = (id) => JSON.parse(document.getElementById(id).textContent);

const data = read("data");
const marks = new Map(data.marks.map((mark) => [mark.key, mark]));
const guarantees = new Map(data.guarantees.map((guarantee, place) => [guarantee.id, { ...guarantee, place }]));
const runOf = new Map(data.runs.map((run, number) => [run.key, number]));

// The cards of a run are many, and are read when the first of them is opened.
const parsed = new Map();
const cardsOf = (number) => {
  if (!parsed.has(number)) parsed.set(number, read(`cards-${number}`));
  return parsed.get(number);
};

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== ""));
  return element;
}

const button = (attributes, ...children) => make("button", { type: "button", ...attributes }, ...children);

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

const hiddenText = (text) => make("span", { class: "unseen" }, text);

// Only addresses of the web become links; a report may say anything.
const link = (url, text) =>
  /^https?:\/\//.test(url)
    ? make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text)
    : make("span", {}, text === url ? url : `${text} (${url})`);

const plural = (count, noun) => `${count.toLocaleString("en").replaceAll(",", "\u202f")} ${noun}${count === 1 ? "" : "s"}`;
