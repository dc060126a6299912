// The findings of a card, a few at a time: there may be thousands.

const AT_ONCE = 10;

const fact = ([name, text]) => make("div", make("dt", name), make("dd", text));
const facts = (pairs) => make("dl.facts", pairs.filter(([, text]) => text).map(fact));
const pill = (key, word) => make(`span.pill.${key}`, sign(key), word);

function findings(all) {
  const list = make("div");
  const more = button("quiet.more", () => add().focus());
  function add() {
    const from = list.childElementCount;
    const added = all
      .slice(from, from + AT_ONCE)
      .map((found, index) => finding(found, from + index + 1, all.length));
    list.append(...added);
    const left = all.length - from - added.length;
    more.hidden = !left;
    more.textContent = `Show ${Math.min(left, AT_ONCE)} more of ${left}`;
    return added[0].querySelector("h4");
  }
  add();
  return section(plural(all.length, "finding"), list, more);
}

function finding(found, number, count) {
  const known = new Map(found.facts);
  const title = known.get("defect") ?? known.get("seen") ?? "finding";
  return make(
    "article.finding",
    { "aria-label": `finding ${number} of ${count}` },
    make(
      "h4",
      { tabindex: "-1" },
      make("span.number", String(number)),
      title,
      found.verdict === "fail" ? null : pill(found.verdict, found.verdict),
    ),
    found.known ? make("p.remark", `Known: ${found.known}`) : null,
    code(found.code, "Copy code"),
    facts([...found.facts.filter(([name]) => name !== "defect"), ["cases", found.cases]]),
    code(found.replay, "Copy command"),
  );
}

const code = (text, label) =>
  make(
    "div.code",
    make("pre", make("code", text)),
    copyButton(label, () => text),
  );
