// The colours follow the system until the switch is used.

const theme = document.getElementById("theme");
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const chosen = document.documentElement.dataset;

const other = () =>
  (chosen.theme ?? (systemIsDark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";

function labelTheme() {
  theme.textContent = other() === "dark" ? "Dark" : "Light";
  theme.setAttribute("aria-label", `${theme.textContent} colours`);
}

function startTheme() {
  theme.addEventListener("click", () => {
    chosen.theme = other();
    labelTheme();
  });
  systemIsDark.addEventListener("change", labelTheme);
  theme.hidden = false;
  labelTheme();
}
