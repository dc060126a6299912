// Buttons that copy text, with or without a clipboard.

function copyButton(label, text) {
  const spoken = make("span.unseen", { role: "status" });
  const pressed = button("copy", copy, label);
  async function copy() {
    const done = await copied(text(), pressed);
    pressed.textContent = spoken.textContent = done ? "Copied" : "Select and copy it";
    setTimeout(() => {
      pressed.textContent = label;
      spoken.textContent = "";
    }, 2000);
  }
  return [pressed, spoken];
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
