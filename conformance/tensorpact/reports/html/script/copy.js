// Buttons that copy text, with or without a clipboard.

function copyButton(label, text) {
  const said = make("span", { role: "status" }, label);
  async function copy({ currentTarget }) {
    said.textContent = (await copied(text(), currentTarget)) ? "Copied" : "Select and copy it";
    setTimeout(() => (said.textContent = label), 2000);
  }
  return button("copy", copy, said);
}

async function copied(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text, beside);
  }
}

// Where a file has no clipboard. It stands in the dialog, outside of which nothing is selected.
function copiedBySelection(text, beside) {
  const area = make("textarea.unseen", { "aria-label": "text to copy" });
  area.value = text;
  beside.after(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  beside.focus();
  return done;
}
