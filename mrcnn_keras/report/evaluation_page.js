// The pictures of a report, drawn for the filters that are set. All text gets into the page as text, never as HTML.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  // Light or dark: as the system has it until the button is used.
  const theme = byId("theme");
  const dark = () => (document.documentElement.dataset.theme
    || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = dark() ? "light" : "dark"; };
  theme.hidden = false;
  theme.title = "colours of the page";
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    nameTheme();
  });
  nameTheme();

  // Tables: a click on a heading sorts by its column, a second one the other way round.
  for (const table of all("table.sortable")) {
    all("thead th", table).forEach((heading, column) => {
      const button = make("button", { type: "button", textContent: heading.textContent });
      heading.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = heading.getAttribute("aria-sort") !== "descending";
        all("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        heading.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
        const compare = (a, b) => {
          const [x, y] = [a, b].map((row) => Number(value(row)));
          if (Number.isNaN(x) && Number.isNaN(y)) return value(b).localeCompare(value(a));
          return Number.isNaN(x) ? (down ? 1 : -1) : Number.isNaN(y) ? (down ? -1 : 1) : y - x;
        };
        const rows = [...body.rows].sort(compare);
        body.append(...(down ? rows : rows.reverse()));
      });
    });
  }

  if (!byId("filters")) return;

  const data = JSON.parse(byId("data").textContent);
  const outcomes = data.outcomes;
  const fine = new Set(["right", "ignored"]);
  // Of a picture's objects: annotated ones have no score. cell: the other side's class in the confusion matrix.
  const pictures = data.pictures.map((picture, rank) => {
    const drawn = (outline) => ({ path: new Path2D(outline), corner: outline.match(/-?\d+/g).slice(0, 2).map(Number) });
    const truth = picture.truth.map(([kind, outline, points, ignored, cell]) => (
      { kind, ...drawn(outline), points, ignored, cell, partners: [] }));
    const found = picture.found.map(([kind, outline, points, score, outcome, partner, cell]) => ({
      kind, ...drawn(outline), points, score, outcome: outcomes[outcome] ?? "", cell,
      partners: [truth[partner]].filter(Boolean),
    }));
    for (const object of found) object.partners.forEach((partner) => partner.partners.push(object));
    const [width, height] = picture.size;
    return { rank, name: picture.name, width, height, jpeg: picture.jpeg, truth, found };
  });

  const chosen = { cell: null };
  const setting = () => ({
    kind: Number(byId("by-class").value),
    error: document.querySelector("input[name=error]:checked").value,
    lowest: Number(byId("by-score").value),
    cell: chosen.cell,
    view: document.querySelector("input[name=view]:checked").value,
    order: byId("by-order").value,
    labels: byId("labels").checked,
    fill: byId("fill").checked,
  });
  let now = setting();

  // An annotated object is found if a detection is right about it, and missed if none is even nearly right.
  const outcomeOfTruth = (object) => {
    if (object.ignored) return "ignored";
    const near = object.partners.filter((found) => found.score >= now.lowest).map((found) => found.outcome);
    if (near.includes("right")) return "right";
    return near.find((outcome) => outcome === "class" || outcome === "location") ?? "missed";
  };

  const judge = (picture) => {
    const found = picture.found.filter((object) => object.score >= now.lowest);
    picture.counts = Object.fromEntries(outcomes.map((name) => [name, 0]));
    for (const object of found) picture.counts[object.outcome] += 1;
    for (const object of picture.truth) {
      object.outcome = outcomeOfTruth(object);
      if (object.outcome === "missed") picture.counts.missed += 1;
    }
    const fits = (object, outcome) => {
      if (now.kind && object.kind !== now.kind) return false;
      if (now.error === "wrong") return Boolean(outcome) && !fine.has(outcome);
      return !now.error || outcome === now.error;
    };
    const inCell = (object, row, column) => !now.cell || (row === now.cell[0] && column === now.cell[1]);
    const hits = new Set([
      ...found.filter((object) => fits(object, object.outcome) && inCell(object, object.cell, object.kind)),
      ...picture.truth.filter((object) => {
        const outcome = ["missed", "ignored"].includes(object.outcome) ? object.outcome : "";
        return fits(object, outcome) && inCell(object, object.kind, object.cell);
      }),
    ]);
    picture.hits = hits.size;
    const beside = (object) => hits.has(object) || object.partners.some((partner) => hits.has(partner));
    picture.shown = { found: found.filter(beside), truth: picture.truth.filter(beside) };
  };

  const errorsOf = (picture) => outcomes.reduce(
    (sum, name) => sum + (fine.has(name) ? 0 : picture.counts[name]), 0);

  const words = (picture) => outcomes.filter((name) => picture.counts[name])
    .map((name) => `${picture.counts[name]} ${data.words[name]}`).join(", ") || "nothing";

  const color = (outcome) => getComputedStyle(document.documentElement).getPropertyValue(`--of-${outcome || "none"}`);

  // Draws the objects of one or both sides; lengths are in pixels of the screen.
  const draw = (canvas, picture, side, marked = null) => {
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.width = width;
    canvas.height = Math.max(1, Math.round(width * picture.height / picture.width));
    const context = canvas.getContext("2d");
    const scale = width / picture.width;
    const pixel = ratio / scale;
    const objects = (side === "over" ? ["truth", "found"] : [side]).flatMap(
      (name) => picture.shown[name].map((object) => ({ object, annotated: name === "truth" })));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.lineJoin = "round";
    for (const { object, annotated } of objects) {
      const hue = color(annotated && side === "over" ? "annotated" : object.outcome);
      if (now.fill && !(annotated && side === "over")) {
        context.globalAlpha = object === marked ? 0.65 : 0.35;
        context.fillStyle = hue;
        context.fill(object.path, "evenodd");
      }
      context.globalAlpha = 1;
      context.setLineDash(fine.has(object.outcome) ? [] : [6 * pixel, 4 * pixel]);
      for (const [style, thick] of [["#000a", 3.2], [hue, object === marked ? 4 : 1.8]]) {
        context.strokeStyle = style;
        context.lineWidth = thick * pixel;
        context.stroke(object.path);
      }
      context.fillStyle = "#fff";
      context.lineWidth = 1.5 * pixel;
      for (let i = 0; i < object.points.length; i += 2) { // keypoints
        const dot = new Path2D();
        dot.arc(object.points[i], object.points[i + 1], 2.5 * pixel, 0, 2 * Math.PI);
        context.fill(dot);
        context.stroke(dot);
      }
    }
  };

  // Names are elements of the page, so that any script is drawn. Each stands where its outline begins, or below a name
  // that stands there already.
  const label = (frame, picture, side) => {
    all(".label", frame).forEach((old) => old.remove());
    if (!now.labels) return;
    const taken = [];
    for (const object of picture.shown[side === "over" ? "found" : side]) {
      const tag = make("span", { className: `label of-${object.outcome || "none"}` });
      const kind = data.classes.length > 2 ? data.classes[object.kind] : ""; // of a single class it would only hide it
      tag.textContent = `${kind} ${object.score?.toFixed(2) ?? ""}`.trim();
      if (!tag.textContent) continue;
      frame.append(tag);
      const [width, height] = [tag.offsetWidth, tag.offsetHeight];
      const place = (corner, whole, room, size) => Math.max(0, Math.min(corner / whole * room, room - size));
      const x = place(object.corner[0], picture.width, frame.clientWidth, width);
      let y = place(object.corner[1], picture.height, frame.clientHeight, height);
      const beneath = (other) => x < other.x + other.width && other.x < x + width
        && y < other.y + other.height && other.y < y + height;
      for (let other = taken.find(beneath); other; other = taken.find(beneath)) y = other.y + other.height;
      if (y + height > frame.clientHeight) { // no room is left: the table below has it
        tag.remove();
        continue;
      }
      taken.push({ x, y, width, height });
      tag.style.left = `${x}px`;
      tag.style.top = `${y}px`;
    }
  };

  const sides = () => (now.view === "beside" ? ["truth", "found"] : [now.view]);
  const captions = { truth: "annotated", found: "found", over: "found over annotated" };

  const panes = (picture, lazy) => sides().map((side) => {
    const image = make("img", { alt: "", decoding: "async" });
    if (!lazy) image.src = `data:image/jpeg;base64,${picture.jpeg}`;
    const canvas = make("canvas");
    canvas.dataset.side = side;
    const frame = make("span", { className: "frame" }, image, canvas);
    frame.style.aspectRatio = `${picture.width} / ${picture.height}`;
    const pane = make("span", { className: "pane" }, frame);
    pane.append(make("span", { className: "side", textContent: captions[side] }));
    pane.style.setProperty("--shape", picture.width / picture.height);
    return pane;
  });

  const list = byId("pictures");
  const near = new Map(); // the cards in sight, or nearly so, and their pictures
  const show = (card, picture) => {
    for (const pane of all(".pane", card)) {
      const image = pane.querySelector("img");
      if (!image.src) image.src = `data:image/jpeg;base64,${picture.jpeg}`;
      draw(pane.querySelector("canvas"), picture, pane.querySelector("canvas").dataset.side);
    }
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const picture = pictures[Number(target.dataset.rank)];
      if (isIntersecting) {
        near.set(target, picture);
        show(target, picture);
      } else {
        near.delete(target);
        all("canvas", target).forEach((canvas) => { canvas.width = 0; }); // gives its memory back
      }
    }
  }, { rootMargin: "400px" });

  let listed = [];
  let focused = 0;
  const cards = new Map();
  const cardOf = (picture) => {
    if (!cards.has(picture)) {
      const button = make("button", { type: "button", className: "card" });
      button.dataset.rank = picture.rank;
      const name = { className: "name", title: picture.name, textContent: picture.name };
      button.append(make("span", { className: "panes" }), make("span", name), make("span", { className: "what" }));
      button.addEventListener("click", () => open(listed.indexOf(picture)));
      button.addEventListener("focus", () => rove(listed.indexOf(picture)));
      cards.set(picture, make("li", {}, button));
    }
    return cards.get(picture);
  };
  // One picture of the list is in the order of Tab; the arrow keys choose which.
  const rove = (index) => {
    listed.forEach((picture, i) => { cardOf(picture).firstChild.tabIndex = i === index ? 0 : -1; });
    focused = index;
  };

  let view = "";
  const refresh = () => {
    now = setting();
    byId("score").textContent = now.lowest.toFixed(2);
    pictures.forEach(judge);
    const filtered = now.kind || now.error || now.cell;
    listed = pictures.filter((picture) => !filtered || picture.hits);
    if (now.order === "errors") listed.sort((a, b) => errorsOf(b) - errorsOf(a) || a.rank - b.rank);
    if (now.order === "name") listed.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    for (const picture of listed) {
      const card = cardOf(picture).firstChild;
      if (card.dataset.view !== now.view) {
        card.firstChild.replaceChildren(...panes(picture, true));
        card.dataset.view = now.view;
      }
      card.querySelector(".what").textContent = words(picture);
    }
    const wanted = listed.map(cardOf);
    if (wanted.length !== list.children.length || wanted.some((card, i) => list.children[i] !== card)) {
      watcher.disconnect();
      near.clear();
      list.replaceChildren(...wanted);
      wanted.forEach((card) => watcher.observe(card.firstChild));
    }
    list.dataset.view = now.view;
    near.forEach((picture, card) => show(card, picture));
    rove(Math.max(0, Math.min(focused, listed.length - 1)));
    for (const element of all("[data-count]")) {
      element.textContent = pictures.reduce((sum, picture) => sum + picture.counts[element.dataset.count], 0);
    }
    const drawn = (side) => listed.reduce((sum, picture) => sum + picture.shown[side].length, 0);
    byId("status").textContent = `${listed.length} of ${pictures.length} pictures; drawn: ${drawn("found")} found, `
      + `${drawn("truth")} annotated`;
    byId("chosen").hidden = !now.cell;
    if (now.cell) {
      const [row, column] = now.cell.map((i) => (i ? data.classes[i] : "nothing"));
      byId("chosen").textContent = `annotated: ${row}, found: ${column} \u00d7`;
    }
    all(".curve[data-class]").forEach((curve) => {
      curve.classList.toggle("chosen", Number(curve.dataset.class) === now.kind);
    });
    if (byId("viewer").open) fillViewer();
  };

  // One picture in full size.
  const viewer = byId("viewer");
  let index = 0;
  const drawViewer = (marked) => all(".pane", viewer).forEach((pane) => {
    const canvas = pane.querySelector("canvas");
    draw(canvas, listed[index], canvas.dataset.side, marked);
    label(pane.querySelector(".frame"), listed[index], canvas.dataset.side);
  });
  const fillViewer = () => {
    const picture = listed[index];
    if (!picture) {
      viewer.close();
      return;
    }
    byId("viewer-name").textContent = picture.name;
    byId("viewer-what").textContent = `Picture ${index + 1} of ${listed.length}: ${words(picture)}.`;
    byId("viewer-panes").replaceChildren(...panes(picture, false));
    byId("previous").disabled = index === 0;
    byId("next").disabled = index === listed.length - 1;
    const rows = ["truth", "found"].flatMap((side) => picture.shown[side].map((object) => {
      const cells = [captions[side], data.classes[object.kind], object.score?.toFixed(3) ?? "",
        data.words[object.outcome] ?? ""];
      const row = make("tr", { tabIndex: 0 }, ...cells.map((text) => make("td", { textContent: text })));
      row.lastChild.prepend(make("span", { className: `swatch of-${object.outcome || "none"}` }));
      for (const event of ["mouseenter", "focus"]) row.addEventListener(event, () => drawViewer(object));
      for (const event of ["mouseleave", "blur"]) row.addEventListener(event, () => drawViewer(null));
      return row;
    }));
    const heads = ["", "class", "score", "outcome"].map((text) => make("th", { scope: "col", textContent: text }));
    byId("viewer-objects").replaceChildren(
      make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
    drawViewer(null);
  };
  const open = (at) => {
    index = at;
    if (!viewer.open) viewer.showModal();
    fillViewer();
  };
  const step = (by) => {
    const to = Math.max(0, Math.min(index + by, listed.length - 1));
    if (to !== index) open(to);
  };
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("close").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("close", () => {
    rove(index);
    if (listed[index]) cardOf(listed[index]).firstChild.focus();
  });
  viewer.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      step(by);
    }
  });

  list.addEventListener("keydown", (event) => {
    const across = Math.max(1, Math.round(list.clientWidth / (list.firstChild?.clientWidth || list.clientWidth)));
    const to = {
      ArrowLeft: focused - 1, ArrowRight: focused + 1, ArrowUp: focused - across, ArrowDown: focused + across,
      Home: 0, End: listed.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (to >= 0 && to < listed.length) cardOf(listed[to]).firstChild.focus();
  });

  // The filters.
  const form = byId("filters");
  let due = 0;
  const soon = () => {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(refresh);
  };
  byId("gallery").addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => {
    chosen.cell = null;
    soon();
  });
  byId("chosen").addEventListener("click", () => {
    chosen.cell = null;
    refresh();
  });
  const matrix = byId("matrix");
  matrix?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cell]");
    if (!button) return;
    form.reset();
    chosen.cell = button.dataset.cell.split(" ").map(Number);
    byId("by-score").value = matrix.dataset.score;
    refresh();
    list.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth" });
    byId("chosen").focus({ preventScroll: true });
  });

  const redraw = () => {
    near.forEach((picture, card) => show(card, picture));
    if (viewer.open) drawViewer(null);
  };
  window.addEventListener("resize", redraw);
  theme.addEventListener("click", redraw);
  refresh();
})();
