// The live page: a stream of pictures, a stream of detections, figures once a second.
"use strict";

const FIGURES_MS = 1000;
const REFUSED_MS = 5000;
const LIST_MS = 200; // the list changes no faster than one can read
const LONGEST_LIST = 12;

const $ = (id) => document.getElementById(id);
const live = $("live");
const slider = $("threshold");

let events = null; // the stream of detections, while the page can be seen
let timer = null;
let newest = null; // the last detections that came
let listedAt = 0;

// --- what is shown

function showState(state, text) {
  $("state").dataset.state = state;
  $("state").textContent = text;
}

function showRows(list, rows) {
  const items = rows.map(({ name, value, share, colour }) => {
    const item = document.createElement("li");
    item.className = "row";
    item.style.setProperty("--share", Math.max(0, Math.min(1, share)));
    if (colour) item.style.setProperty("--colour", colour);
    for (const text of [name, value]) {
      const span = document.createElement("span");
      span.textContent = text;
      item.append(span);
    }
    return item;
  });
  if (!items.length) {
    const item = document.createElement("li");
    item.className = "nothing";
    item.textContent = "nothing";
    items.push(item);
  }
  list.replaceChildren(...items);
}

function percent(share) {
  return (100 * share).toFixed(share < 0.1 ? 1 : 0) + " %";
}

function showFound(record) {
  const areas = record.segmentation?.filter((area) => area.class_id !== 0);
  const things = areas ?? record.detections;
  const rows = things.slice(0, LONGEST_LIST).map((thing) => {
    const share = thing.share ?? thing.score;
    return { name: thing.label, value: percent(share), share, colour: thing.colour };
  });
  showRows($("found"), rows);
  const more = things.length - rows.length;
  $("found-frame").textContent = `frame ${record.frame}` + (more > 0 ? `, and ${more} more` : "");
  slider.disabled = Boolean(areas); // a segmenter decides, it gives no scores
}

function showFigures(figures) {
  const model = figures.model.split("/").pop();
  document.title = `${model} | splitdet`;
  $("run").textContent = `${model} | ${figures.engine} | ${figures.source}`;
  $("fps").textContent = figures.fps.toFixed(1);
  $("latency").textContent = figures.latency_ms.toFixed(figures.latency_ms < 100 ? 1 : 0);
  $("frames").textContent = figures.frames_out;
  $("dropped").textContent = Object.values(figures.dropped).reduce((sum, count) => sum + count, 0);
  const stages = [...Object.entries(figures.stages_ms), ["waiting", figures.waiting_ms]];
  const longest = Math.max(...stages.map(([, ms]) => ms), 1e-9);
  showRows(
    $("stages"),
    stages.map(([name, ms]) => ({ name, value: ms.toFixed(2), share: ms / longest })),
  );
  if (figures.state === "starting") showState("connecting", "starting");
  else showState("live", "live");
  if (!dragging && !sending) showThreshold(figures.threshold);
}

// --- the threshold: what the run says, unless somebody is moving it here

let dragging = false;
let sending = false;
let wanted = null;

function showThreshold(score) {
  slider.value = score;
  $("threshold-value").textContent = score.toFixed(2);
}

async function sendThreshold() {
  if (sending) return; // one at a time; the last one wins
  sending = true;
  try {
    while (wanted !== null) {
      const body = JSON.stringify({ threshold: wanted });
      wanted = null;
      await fetch("threshold", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    }
  } catch {
    wanted = null; // the next figures say what holds
  }
  sending = false;
}

slider.addEventListener("input", () => {
  dragging = true;
  wanted = Number(slider.value);
  $("threshold-value").textContent = wanted.toFixed(2);
  sendThreshold();
});
slider.addEventListener("change", () => { dragging = false; });

// --- the streams

function showLive() {
  live.src = `stream.mjpg?${Date.now()}`; // a new address each time: a broken stream is not taken up again
}

live.addEventListener("error", () => {
  if (live.hasAttribute("src")) setTimeout(() => timer && showLive(), REFUSED_MS); // nothing asks again by itself
});

live.addEventListener("load", () => {
  live.hidden = false;
  $("no-picture").hidden = true;
});

async function fetchFigures() {
  try {
    const answer = await fetch("figures");
    if (!answer.ok) throw new Error(await answer.text());
    showFigures(await answer.json());
  } catch {
    if (timer) showState("lost", "no connection"); // the next ones may come again
  }
}

function listFound() {
  if (newest) showFound(newest);
  newest = null;
  listedAt = performance.now();
}

function lose(why) {
  clearInterval(timer);
  timer = null;
  if ($("state").dataset.state !== "lost") showState("lost", why);
}

function begin() {
  if (events) return;
  events = new EventSource("detections"); // connects again by itself when the run is started again
  events.addEventListener("open", () => {
    showState("connecting", "connecting");
    slider.disabled = false;
    showLive();
    clearInterval(timer);
    timer = setInterval(fetchFigures, FIGURES_MS);
    fetchFigures();
  });
  events.addEventListener("message", (event) => {
    if (!newest) setTimeout(listFound, Math.max(0, listedAt + LIST_MS - performance.now()));
    newest = JSON.parse(event.data);
  });
  events.addEventListener("end", () => lose("the run has ended"));
  events.addEventListener("error", () => {
    lose("no connection");
    if (events?.readyState === EventSource.CLOSED) { // refused, so it does not try again by itself
      pause();
      setTimeout(() => document.hidden || begin(), REFUSED_MS);
    }
  });
}

function pause() {
  events?.close();
  events = null;
  clearInterval(timer);
  live.removeAttribute("src"); // ends the stream of pictures
}

// a page that nobody sees takes nothing, and leaves its connections to others
document.addEventListener("visibilitychange", () => (document.hidden ? pause() : begin()));
begin();
