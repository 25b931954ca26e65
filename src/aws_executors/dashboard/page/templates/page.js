// The script of the fleet page: it polls for updates, and follows links out of Airflow's frame.
//
// It makes no markup: what it shows comes from the server, escaped. A hidden page does not poll.
//
// Airflow shows the page in a frame that may neither open windows nor change the page around it (sandbox=
// "allow-scripts allow-same-origin allow-forms allow-downloads"), so a link is followed by that page, which has
// the same origin.
(() => {
  const SECONDS = 5; // between two questions
  const fleet = document.getElementById("fleet");
  const state = document.getElementById("state");
  const root = document.documentElement;
  let around = null;
  try {
    if (parent !== window && parent.document.body) around = parent.document;
  } catch { /* the page around is of another origin */ }

  const colours = () => {
    const theirs = around.documentElement;
    const dark = theirs.classList.contains("dark") || theirs.dataset.theme === "dark";
    root.dataset.theme = dark ? "dark" : "light";
  };
  if (around) {
    colours();
    new MutationObserver(colours).observe(around.documentElement, { attributes: true });
  }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || !around) return;
    event.preventDefault();
    const outside = around.createElement("a");
    outside.href = link.href;
    outside.rel = "noopener";
    if (link.target || event.ctrlKey || event.metaKey) outside.target = "_blank";
    around.body.append(outside);
    outside.click();
    outside.remove();
  });

  const wanted = () => document.getElementById("wanted");
  const sift = () => {
    const words = (wanted()?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of fleet.querySelectorAll("tr[data-job]")) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  };
  document.addEventListener("input", (event) => { if (event.target.id === "wanted") sift(); });

  // An update keeps open details open, and keeps the filter's text.
  const show = (html) => {
    const open = new Set([...fleet.querySelectorAll("details[open]")].map((one) => one.dataset.key));
    const field = wanted();
    const [text, focused] = [field?.value ?? "", field !== null && document.activeElement === field];
    const [start, end] = [field?.selectionStart, field?.selectionEnd];
    fleet.innerHTML = html;
    for (const one of fleet.querySelectorAll("details")) one.open = open.has(one.dataset.key);
    const fresh = wanted();
    if (fresh) {
      fresh.value = text;
      if (focused) { fresh.focus(); fresh.setSelectionRange(start, end); }
    }
    sift();
  };

  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("fleet.json", { cache: "no-store" });
      if (answer.status === 401) { (around ? parent : window).location.reload(); return; }
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      show((await answer.json()).html);
      state.dataset.state = "live";
      state.textContent = "live";
    } catch (error) {
      state.dataset.state = "lost";
      state.textContent = `no news: ${error.message}`;
    }
  };
  document.addEventListener("visibilitychange", ask);
  setInterval(ask, SECONDS * 1000);
})();
