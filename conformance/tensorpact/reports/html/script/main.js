// The page follows the fragment: whatever is clicked changes it, and what is shown comes of it.

let filtered = null;

function show() {
  const wanted = state();
  const filter = fragment({ ...wanted, open: null, of: null });
  if (filter !== filtered) {
    filtered = filter;
    syncFilters(wanted);
    renderMatrix(wanted);
    if (axes.size) renderTried(wanted);
  }
  if (wanted.open) openCard(wanted);
  else dialog.close();
}

function openCard({ open, of }) {
  const guarantee = guarantees.get(open);
  const number = runOf.get(of);
  if (!guarantee?.cells[number]) {
    status.textContent = `This page has no cell for ${open} and ${of ?? "no backend"}.`;
    return dialog.close();
  }
  const body = bodies.get(guarantee.group);
  if (body && !body.open) body.set(true);
  dialog.replaceChildren(...card(guarantee, number));
  dialog.dataset.cell = idOfCell(open, number);
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  document.getElementById("card-title").focus();
}

// Also where Escape closed it; the focus goes back to the cell.
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  document.getElementById(dialog.dataset.cell)?.focus();
  if (state().open) step({ open: null, of: null });
});
dialog.addEventListener("click", ({ target }) => {
  if (target === dialog) dialog.close();
});

startTheme();
startFilters();
if (axes.size) startTried();
addEventListener("hashchange", show);
show();
