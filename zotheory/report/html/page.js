"use strict";
const $ = (selector) => document.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];

// Light and dark: the reader's system decides until the button is used.
const dark = () => document.documentElement.dataset.theme
  ? document.documentElement.dataset.theme === "dark"
  : matchMedia("(prefers-color-scheme: dark)").matches;
function themed() {
  $("#theme").textContent = dark() ? "Light" : "Dark";
  $("#theme").setAttribute("aria-pressed", String(dark()));
  draw();
}
$("#theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  themed();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themed);

// The ledger.
const claims = all(".claim");
const texts = new Map(claims.map((claim) => [claim, claim.textContent.toLowerCase()]));
function filter() {
  const words = $("#words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const verdicts = new Set(all(".verdict-box:checked").map((box) => box.value));
  const group = $("#group").value, grade = $("#grade").value;
  let shown = 0;
  for (const claim of claims) {
    const data = claim.dataset;
    const fits = verdicts.has(data.verdict) && (!group || data.group === group)
      && (!grade || data.grade === grade) && words.every((word) => texts.get(claim).includes(word));
    claim.hidden = !fits;
    shown += fits;
  }
  $("#shown").textContent = `${shown} of ${claims.length} claims`;
}
for (const name of ["input", "change"]) $("#filters").addEventListener(name, filter);
$("#filters").addEventListener("reset", () => setTimeout(filter));
for (const tile of all(".tile a")) tile.addEventListener("click", () => {
  $("#filters").reset();
  for (const box of all(".verdict-box")) box.checked = box.value === tile.dataset.verdict;
  filter();
});
// A link to a claim opens it, also if a filter hides it.
function arrive() {
  const claim = location.hash.startsWith("#claim-") && document.getElementById(location.hash.slice(1));
  if (!claim) return;
  if (claim.hidden) { $("#filters").reset(); filter(); }
  claim.open = true;
  claim.scrollIntoView();
}
addEventListener("hashchange", arrive);

// The graph: the lines of the claim under the pointer, or with the focus, stand out.
for (const node of all("#graph a")) {
  const light = (on) => {
    for (const path of all("#graph path")) {
      const { from, to } = path.dataset;
      path.classList.toggle("lit", on && (from === node.dataset.id || to === node.dataset.id));
    }
  };
  for (const name of ["mouseenter", "focus"]) node.addEventListener(name, () => light(true));
  for (const name of ["mouseleave", "blur"]) node.addEventListener(name, () => light(false));
}

// The plane of energies.
const sliders = {
  d: { place: 45, value: (x) => Math.round(2 * Math.pow(500, x / 100)), text: (v) => `${v}` },
  cap: { place: 33, value: (x) => 1 + 7 * Math.pow(x / 100, 2), text: (v) => v.toFixed(2) },
  kappa: { place: 40, value: (x) => 1.001 + 7 * Math.pow(x / 100, 2), text: (v) => v.toFixed(2) },
  rho: { place: 50, value: (x) => x / 100, text: (v) => v.toFixed(2) },
};
let mode = Object.keys(MODES)[0];
const number = (value) => Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
  ? value.toExponential(3) : String(Number(value.toPrecision(5)));

for (const [name, { about }] of Object.entries(MODES)) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "mode", value: name, checked: name === mode });
  input.addEventListener("change", () => { mode = name; draw(); });
  label.append(input, ` ${about.label}`);
  $("#modes").append(label);
}
for (const [name, slider] of Object.entries(sliders)) {
  const input = $(`#${name}`);
  input.value = slider.place;
  input.addEventListener("input", draw);
}

function setting() {
  const at = {};
  for (const [name, slider] of Object.entries(sliders)) at[name] = slider.value(Number($(`#${name}`).value));
  return at;
}
const optimum = (name, d, cap, kappa, rho) => MODES[name].at(d, cap, kappa, rho);
const residual = (f, s, t) => (f.w0 * s + f.w1 * t) * (s + t) + f.beta * (s + t) ** 2 - f.gamma * s * t
  - (f.l0 + f.l1 * s + f.l2 * t);

function draw() {
  const at = setting(), about = MODES[mode].about;
  for (const [name, slider] of Object.entries(sliders)) {
    const used = name === "d" || about.sliders.includes(name);
    $(`#${name}-out`).textContent = slider.text(at[name]);
    $(`#${name}`).setAttribute("aria-valuetext", slider.text(at[name]));
    $(`#${name}`).disabled = !used;
    $(`#${name}`).parentElement.classList.toggle("off", !used);
  }
  const cap = at.cap * at.d, f = optimum(mode, at.d, cap, at.kappa, at.rho);
  const atoms = [[f.s0, f.t0, f.m0], [f.s1, f.t1, f.m1]].filter(([, , mass]) => mass > 1e-12);
  const box = $("#picture").getBoundingClientRect();
  const width = Math.max(box.width, 200), height = Math.max(box.height, 125);
  const left = 54, right = 12, top = 12, bottom = 40;
  const far = { s: 1.3 * Math.max(1.6, f.s0, f.s1), t: 1.25 * Math.max(at.d - 1, f.t0, f.t1) };
  const x = (s) => left + (s / far.s) * (width - left - right);
  const y = (t) => height - bottom - (t / far.t) * (height - top - bottom);

  // Shade: the residual relative to the largest in view, on a logarithmic scale; white (or black) is contact.
  const canvas = $("#heat"), ratio = devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.width = width * ratio; canvas.height = height * ratio;
  pen.scale(ratio, ratio);
  const steps = 160, levels = [];
  for (let j = steps - 1; j >= 0; j--) for (let i = 0; i < steps; i++) {
    const s = ((i + 0.5) / steps) * far.s, t = ((j + 0.5) / steps) * far.t;
    levels.push(mode === "cap" && s + t > cap * (1 + 1e-9) ? -1 : Math.max(residual(f, s, t), 0));
  }
  const most = Math.max(...levels) || 1;
  const [red, green, blue] = getComputedStyle(document.documentElement).getPropertyValue("--heat").split(",").map(Number);
  const small = new OffscreenCanvas(steps, steps), image = new ImageData(steps, steps);
  levels.forEach((level, n) => {
    const shade = level < 0 ? 0 : 0.75 * Math.log10(1 + 999 * level / most) / 3;
    image.data.set([red, green, blue, Math.round(255 * shade)], 4 * n);
  });
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, left, top, width - left - right, height - top - bottom);

  const parts = [];
  const line = (kind, ...points) => parts.push(`<path class="${kind}" d="M${points.map(([s, t]) => `${x(s).toFixed(1)} ${y(t).toFixed(1)}`).join("L")}"/>`);
  const text = (px, py, anchor, words) => parts.push(`<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}">${words}</text>`);
  line("axis", [0, far.t], [0, 0], [far.s, 0]);
  for (const s of ticks(far.s)) { line("axis", [s, 0], [s, -0.012 * far.t]); text(x(s), y(0) + 19, "middle", number(s)); }
  for (const t of ticks(far.t)) { line("axis", [0, t], [-0.01 * far.s, t]); text(left - 8, y(t) + 4, "end", number(t)); }
  text((left + width - right) / 2, height - 5, "middle", mode === "guide" ? "energy along the guide, s" : "energy along the gradient, s");
  parts.push(`<text transform="translate(13 ${(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">energy across it, t</text>`);
  const edge = (n) => [[0, n], [n, 0]].map(([s, t]) => s > far.s ? [far.s, n - far.s] : t > far.t ? [n - far.t, far.t] : [s, t]);
  if (mode === "cap") line("cap", ...edge(cap));
  if (mode === "aligned") line("contact", [1, 0], [1, far.t]);
  if (mode === "blind") line("contact", ...edge(at.d));
  const circle = (kind, s, t, r) => parts.push(`<circle class="${kind}" cx="${x(s).toFixed(1)}" cy="${y(t).toFixed(1)}" r="${r}"/>`);
  // At R^2 = d, and at rho^2 = 1/d, the whole line of fixed length is in contact.
  const fixed = (mode === "cap" && cap <= at.d * (1 + 1e-9)) || (mode === "guide" && Math.abs(at.rho * at.rho * at.d - 1) < 1e-9);
  if (fixed) line("contact", ...edge(at.d));
  else if (mode !== "aligned" && mode !== "blind") for (const [s, t] of atoms) circle("ring", s, t, 9);
  for (const [s, t, mass] of atoms) {
    circle("atom", s, t, 4 + 5 * Math.sqrt(mass));
    // Below the cap's line, above the axis; before the atom where the picture ends.
    const ends = x(s) + 110 > width;
    text(x(s) + (ends ? -14 : 14), y(t) + (t > 0 ? 19 : -12), ends ? "end" : "start", `mass ${number(mass)}`);
  }
  const [mx, my] = [x(1), y(at.d - 1)];
  parts.push(`<path class="mean" d="M${mx - 5} ${my - 5}L${mx + 5} ${my + 5}M${mx - 5} ${my + 5}L${mx + 5} ${my - 5}"/>`);
  if (mode !== "aligned") text(mx + 10, my - 8, "start", "mean");
  const picture = $("#drawing");
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.innerHTML = parts.join("");

  const law = atoms.map(([s, t, mass]) => `(s, t) = (${number(s)}, ${number(t)}) with mass ${number(mass)}`).join(" and ");
  const where = fixed ? "the line s + t = d: laws of fixed length" : about.contact;
  $("#readout").innerHTML = `d = ${at.d}${about.sliders.map((name) => name === "cap" ? `, R² = ${number(cap)}` : name === "kappa" ? `, κ = ${number(at.kappa)}` : `, ρ = ${number(at.rho)}`).join("")}: `
    + `the least V is <strong>${number(f.value)}</strong>, ${number(f.value / at.d)} of the sphere's d = ${at.d}. `
    + `An optimal law: ${law}. Contact set: ${where} (<a href="#claim-${about.claim}">${about.claim}</a>).`;
}
function ticks(end) {
  const raw = end / 5, power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((m) => m >= raw);
  const found = [];
  for (let n = 0; n * step <= end * 1.0001; n++) found.push(n * step);
  return found;
}
addEventListener("resize", draw);

// The forms above, as this browser computes them, against the certified optima.
let worst = 0;
for (const [name, d, at, value] of CERTIFIED) {
  worst = Math.max(worst, Math.abs(optimum(name, d, at, at, at).value / value - 1));
}
const agrees = worst <= TOLERANCE;
$("#selfcheck").textContent = agrees
  ? `Checked in this browser: the closed forms give ${CERTIFIED.length} optima that the solver certified, to ${worst.toExponential(1)} relative.`
  : `The closed forms in this browser differ from optima that the solver certified, by ${worst.toExponential(1)} relative: do not trust the plane.`;
$("#selfcheck").classList.toggle("notice", !agrees);
$("#selfcheck").dataset.agrees = String(agrees);

themed();
filter();
arrive();
