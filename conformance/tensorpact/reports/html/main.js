// The page follows the fragment: whatever is clicked changes it, and what is shown comes of it.

let last = null;

function show() {
  const wanted = state(), filtered = fragment({ ...wanted, open: null, of: null });
  if (filtered !== last) {
    syncFilters(wanted);
    renderMatrix(wanted);
    renderTried(wanted);
    last = filtered;
  }
  showCard(wanted);
}

function showCard({ open, of }) {
  if (!open) return dialog.close();
  const guarantee = guarantees.get(open), number = runOf.get(of);
  if (!guarantee || number === undefined || !guarantee.cells[number]) {
    document.getElementById("shown").textContent = `The link names ${open} of ${of ?? "no backend"}, which this page does not have.`;
    return dialog.close();
  }
  bodies.get(guarantee.group)?.set(true);
  labelUnfolding();
  dialog.replaceChildren(...card(guarantee, number));
  dialog.dataset.cell = idOfCell(open, number);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  document.getElementById("card-title").focus();
}

dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  document.getElementById(dialog.dataset.cell)?.focus();
  if (state().open) step({ open: null, of: null });
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

const theme = document.getElementById("theme");
const isDark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const labelTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-label", isDark() ? "Light colours" : "Dark colours"); };
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  labelTheme();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", labelTheme);
theme.hidden = false;
labelTheme();

renderFilters();
addEventListener("hashchange", show);
show();
