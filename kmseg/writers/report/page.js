"use strict";
// Edits the palette of a kmseg report. A state is a list of classes, never changed but replaced, so that undo is a step
// back in a list of states. A class consists of one or more rows of the run's palette; the first is its own.

const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const BLACK = 0xff000000; // of ignored pixels, as kmseg paints them; little-endian ABGR, as canvases store pixels

const history = [data.classes.map((row, i) => ({ rows: [i], name: row.name, painted: row.painted, ignored: false }))];
let now = 0; // index of the current state in the history
let saved = 0; // index of the state that was downloaded last
let lit = null; // the class under the pointer or the focus
let shown = 0; // index of the example that is shown
const examples = [];
const rows = []; // the elements of the classes, in the order of the state

const classes = () => history[now];
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// ---- edits ----------------------------------------------------------------------------------------------------------

function edit(said, change) {
  const next = change(classes().map((c) => ({ ...c, rows: [...c.rows] })));
  history.splice(now + 1, Infinity, next);
  if (saved > now) saved = -1;
  now += 1;
  show(said);
}

function rename(k, text) {
  const name = text.trim();
  const before = classes()[k].name;
  if (name === before) return false;
  if (!name) {
    say("A class needs a name.");
    return false;
  }
  const into = classes().findIndex((c, i) => i !== k && c.name === name);
  if (into >= 0) merge(k, into);
  else edit(`Renamed ${before} to ${name}.`, (next) => ((next[k].name = name), next));
  return true;
}

function repaint(k, painted) {
  if (painted === classes()[k].painted) return;
  edit(`${classes()[k].name} is painted in ${painted}.`, (next) => ((next[k].painted = painted), next));
}

function merge(from, into) {
  const [a, b] = [classes()[from], classes()[into]];
  edit(`Merged ${a.name} into ${b.name}.`, (next) => {
    next[into].rows.push(...next[from].rows);
    return next.filter((_, i) => i !== from);
  });
  focusOn(classes().findIndex((c) => c.rows[0] === b.rows[0]));
}

function split(k, row) {
  const whole = classes()[k];
  const taken = new Set(classes().map((c) => c.name));
  let name = data.classes[row].name;
  for (let n = 2; taken.has(name); n += 1) name = `${data.classes[row].name} ${n}`;
  edit(`Split ${name} from ${whole.name}.`, (next) => {
    next[k].rows = whole.rows.filter((r) => r !== row);
    next.push({ rows: [row], name, painted: data.classes[row].painted, ignored: false });
    return next.sort((a, b) => a.rows[0] - b.rows[0]);
  });
}

function ignore(k) {
  const { ignored, name } = classes()[k];
  if (!ignored && classes().filter((c) => !c.ignored).length === 1) return say("At least one class must remain.");
  edit(ignored ? `${name} is a class again.` : `${name} is ignored.`, (next) => ((next[k].ignored = !ignored), next));
}

function step(by) {
  if (now + by < 0 || now + by >= history.length) return;
  now += by;
  show(by < 0 ? "Undone." : "Redone.");
}

// ---- the palette as a file ------------------------------------------------------------------------------------------

function csv() {
  const field = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const numbered = data.ids.length > 0; // the masks have the ids of the label images, not rows
  const lines = ["name,r,g,b,also,painted,ignore" + (numbered ? ",id" : "")];
  for (const { rows, name, painted, ignored } of classes()) {
    const own = data.classes[rows[0]];
    const also = [...own.also, ...rows.slice(1).flatMap((r) => [data.classes[r].color, ...data.classes[r].also])];
    const paint = painted === own.color || ignored ? "" : painted;
    const id = numbered ? [ignored ? "" : data.ids[rows[0]]] : [];
    lines.push([field(name), ...rgb(own.color), also.join(" "), paint, ignored ? "1" : "", ...id].join(","));
  }
  const none = numbered ? [""] : [];
  for (const [name, color] of data.ignored) lines.push([field(name), ...rgb(color), "", "", "1", ...none].join(","));
  return lines.join("\n") + "\n";
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
  link.download = "palette.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  saved = now;
  say("Downloaded palette.csv. The command below uses it.");
}

// ---- pictures -------------------------------------------------------------------------------------------------------

async function unpack(text, wide) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const buffer = await new Response(stream).arrayBuffer();
  return wide ? new Uint16Array(buffer) : new Uint8Array(buffer);
}

function table() {
  const colors = new Uint32Array(data.ignore + 1).fill(BLACK);
  for (const { rows, painted, ignored } of classes()) {
    const [r, g, b] = rgb(painted);
    if (!ignored) for (const row of rows) colors[row] = (BLACK | (b << 16) | (g << 8) | r) >>> 0;
  }
  return colors;
}

function paint(canvas, { width, height, mask }, colors) {
  canvas.width = width;
  canvas.height = height;
  const pixels = new Uint32Array(mask.length);
  for (let i = 0; i < mask.length; i += 1) pixels[i] = colors[mask[i]];
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0);
}

function spotlight() {
  const example = examples[shown];
  if (!example) return;
  const colors = new Uint32Array(data.ignore + 1);
  if (lit !== null && classes()[lit]) {
    colors.fill(0xb0ffffff);
    for (const row of classes()[lit].rows) colors[row] = 0;
  }
  paint($("spotlight"), example, colors);
}

function light(k) {
  if (k === lit) return;
  lit = k;
  spotlight();
}

async function drawCrop(element, crop, row) {
  const owner = classes().find((c) => c.rows.includes(row));
  crop.mask ??= await unpack(crop.own, false);
  const [r, g, b] = owner.ignored ? [0, 0, 0] : rgb(owner.painted);
  paint(element, crop, [0, (BLACK | (b << 16) | (g << 8) | r) >>> 0]);
}

// ---- the page -------------------------------------------------------------------------------------------------------

function say(text) {
  $("status").textContent = text;
}

function show(said) {
  if (said) say(said);
  const colors = table();
  for (const example of examples) paint(example.canvas, example, colors);
  if (examples[shown]) paint($("mask"), examples[shown], colors);
  spotlight();
  $("undo").disabled = now === 0;
  $("redo").disabled = now === history.length - 1;
  showClasses();
}

function showClasses() {
  let index = 0;
  const list = $("classes");
  const kept = new Map(rows.map((element) => [Number(element.dataset.row), element]));
  rows.length = 0;
  classes().forEach((one, k) => {
    const element = kept.get(one.rows[0]) ?? newRow(one.rows[0]);
    kept.delete(one.rows[0]);
    rows.push(element);
    if (list.children[k] !== element) list.insertBefore(element, list.children[k] ?? null);
    fill(element, one, one.ignored ? data.ignore : (data.ids[one.rows[0]] ?? index++));
  });
  for (const element of kept.values()) element.remove();
}

const place = (element) => rows.indexOf(element.closest(".class"));

function newRow(row) {
  const element = $("class-row").content.firstElementChild.cloneNode(true);
  element.dataset.row = row;
  const name = element.querySelector(".name");
  name.addEventListener("change", () => {
    if (!rename(place(name), name.value)) name.value = classes()[place(name)].name;
  });
  name.addEventListener("keydown", (event) => {
    const k = place(name);
    if (event.key === "Escape") name.value = classes()[k].name;
    if (event.key !== "Enter") return;
    const after = classes()[k + 1]?.rows[0];
    name.blur(); // makes the change; a merge has moved the focus, else it goes to the next class
    if (document.activeElement === document.body) focusOn(classes().findIndex((c) => c.rows[0] === (after ?? row)));
  });
  const color = element.querySelector(".color");
  color.addEventListener("input", () => preview(place(color), color.value));
  color.addEventListener("change", () => repaint(place(color), color.value));
  element.querySelector(".merge").addEventListener("click", () => askMerge(place(element)));
  element.querySelector(".ignore").addEventListener("click", () => ignore(place(element)));
  for (const event of ["pointerenter", "focusin"]) element.addEventListener(event, () => light(place(element)));
  for (const event of ["pointerleave", "focusout"]) element.addEventListener(event, () => light(null));
  return element;
}

function preview(k, painted) {
  // While the color is being chosen it is shown at once, and becomes one step of the history when it is chosen.
  const kept = history[now];
  history[now] = kept.map((c, i) => (i === k ? { ...c, painted } : c));
  const colors = table();
  history[now] = kept;
  for (const example of examples) paint(example.canvas, example, colors);
  if (examples[shown]) paint($("mask"), examples[shown], colors);
}

function fill(element, one, index) {
  const own = one.rows.map((row) => data.classes[row]);
  const share = own.reduce((sum, row) => sum + row.share, 0);
  const images = Math.max(...own.map((row) => row.images));
  element.classList.toggle("ignored", one.ignored);
  element.querySelector(".index").textContent = index;
  const name = element.querySelector(".name");
  name.value = one.name;
  name.setAttribute("aria-label", `Name of class ${index}`);
  const color = element.querySelector(".color");
  color.value = one.painted;
  color.setAttribute("aria-label", `Color of ${one.name}`);
  color.title = `Painted in ${one.painted}; in the labels ${own.map((row) => row.color).join(", ")}`;
  element.querySelector(".merge").setAttribute("aria-label", `Merge ${one.name} into another class`);
  const button = element.querySelector(".ignore");
  button.setAttribute("aria-pressed", one.ignored);
  button.setAttribute("aria-label", `Ignore ${one.name}`);
  element.querySelector(".bar i").style.width = `${100 * share}%`;
  const seen = one.rows.length > 1 ? `${images.toLocaleString("en")} or more images` : images === 1 ? "1 image" : `${images.toLocaleString("en")} images`;
  element.querySelector(".share").textContent = `${percent(share)} of the pixels · ${seen} · ${own[0].color}`;
  const parts = one.rows.slice(1).map((row) => newPart(row, one));
  element.querySelector(".parts").replaceChildren(...parts);
  const crops = one.rows.flatMap((row) => data.classes[row].crops.map((crop) => newCrop(crop, row)));
  element.querySelector(".crops").replaceChildren(...crops);
}

function newPart(row, one) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  const chip = document.createElement("span");
  chip.className = "chip";
  chip.style.background = data.classes[row].color;
  button.append(chip, `${data.classes[row].name} ×`);
  button.setAttribute("aria-label", `Split ${data.classes[row].name} from ${one.name}`);
  button.addEventListener("click", () => split(place(button), row));
  item.append(button);
  return item;
}

function newCrop(crop, row) {
  // Label, photo, and which pixels are the class's: each a picture of its own, beside the others.
  const group = document.createElement("div");
  group.className = "crop";
  group.title = crop.image;
  for (const kind of ["label", "photo"]) {
    if (!crop[kind]) continue;
    const image = new Image();
    image.src = crop[kind];
    image.alt = `${kind} of ${crop.image}`;
    image.loading = "lazy";
    group.append(image);
  }
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Pixels of the class in ${crop.image}`);
  drawCrop(canvas, crop, row);
  group.append(canvas);
  return group;
}

function percent(share) {
  if (share && share < 0.0001) return "< 0.01 %";
  return `${(100 * share).toFixed(share >= 0.0995 ? 1 : 2)} %`;
}

function focusOn(k) {
  const element = rows[k];
  if (!element) return;
  element.scrollIntoView({ block: "nearest" });
  element.querySelector(".name").focus({ preventScroll: true });
  element.querySelector(".name").select();
}

function choose(k) {
  shown = k;
  const example = examples[k];
  $("example-name").textContent = example.image;
  for (const kind of ["label", "photo"]) {
    $(kind).src = example[kind] ?? "data:,";
    $(kind).alt = `${kind} of ${example.image}`;
  }
  $("photo-figure").hidden = !example.photo;
  document.querySelector(".canvases").style.setProperty("--ratio", example.width / example.height);
  examples.forEach((other, i) => other.button.setAttribute("aria-pressed", i === k));
  paint($("mask"), example, table());
  spotlight();
}

function classAt(event) {
  const box = $("mask").getBoundingClientRect();
  const { width, height, mask } = examples[shown];
  const x = Math.floor(((event.clientX - box.left) / box.width) * width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * height);
  return classes().findIndex((c) => c.rows.includes(mask[y * width + x]));
}

// ---- the dialog in which the class to merge into is chosen ----------------------------------------------------------

function askMerge(from) {
  $("merge-title").textContent = `Merge ${classes()[from].name} into`;
  $("merge-find").value = "";
  const items = classes().map((one, into) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const chip = document.createElement("span");
    button.type = "button";
    chip.className = "chip";
    chip.style.background = one.painted;
    button.append(chip, one.name);
    button.addEventListener("click", () => {
      $("merge").close();
      merge(from, into);
    });
    item.append(button);
    item.hidden = into === from;
    return item;
  });
  $("merge-find").oninput = () => {
    const wanted = $("merge-find").value.toLowerCase();
    items.forEach((item, i) => (item.hidden = i === from || !classes()[i].name.toLowerCase().includes(wanted)));
  };
  $("merge-find").onkeydown = (event) => {
    const left = items.filter((item) => !item.hidden);
    if (event.key === "Enter" && left.length === 1) left[0].firstChild.click();
  };
  $("merge-into").replaceChildren(...items);
  $("merge").showModal();
}

// ---- start ----------------------------------------------------------------------------------------------------------

$("undo").addEventListener("click", () => step(-1));
$("redo").addEventListener("click", () => step(1));
$("download").addEventListener("click", download);
$("copy").addEventListener("click", async () => {
  getSelection().selectAllChildren($("command"));
  await navigator.clipboard?.writeText($("command").textContent).catch(() => {});
  say("The command is selected and copied.");
});
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || $("merge").open) return;
  const field = event.target.closest?.(".name");
  if (field && field.value !== classes()[place(field)].name) return; // typing is undone by the field itself
  event.preventDefault();
  step(event.shiftKey ? 1 : -1);
});
$("mask").addEventListener("click", (event) => focusOn(classAt(event)));
$("mask").addEventListener("pointermove", (event) => {
  const one = classes()[classAt(event)];
  $("pointed").textContent = one ? one.name : "no class";
});
addEventListener("beforeunload", (event) => {
  if (saved !== now) event.preventDefault();
});

$("already").textContent = data.ignored.length
  ? `Already ignored by the palette of this run: ${data.ignored.map(([name]) => name).join(", ")}.`
  : "";
show();
(async () => {
  for (const [k, example] of data.examples.entries()) {
    const mask = await unpack(example.mask, data.ignore > 255);
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    button.type = "button";
    button.setAttribute("aria-label", `Show ${example.image}`);
    button.title = example.image;
    button.append(canvas);
    button.addEventListener("click", () => choose(k));
    examples.push({ ...example, mask, canvas, button });
    $("examples").append(button);
  }
  if (examples.length) choose(0);
  show();
  document.documentElement.dataset.ready = "yes";
})();
