// Fetches a path through the edge and shows what the edge says about it.
"use strict";

function verdict(cacheStatus) {
  if (!cacheStatus) return ["other", "no Cache-Status: was this the origin itself?"];
  if (/;\s*hit\b/.test(cacheStatus)) return ["hit", "HIT"];
  if (/fwd-status=304/.test(cacheStatus)) return ["hit", "REVALIDATED"];
  if (/fwd=(uri-miss|vary-miss|miss)/.test(cacheStatus)) return ["miss", "MISS"];
  if (/fwd=stale/.test(cacheStatus)) return ["miss", "STALE, fetched again"];
  return ["other", "PASSED ON"];
}

async function attempt(card) {
  const output = card.querySelector("output");
  const started = performance.now();
  output.textContent = "asking…";
  try {
    // "reload" keeps the browser's own cache out of it; the edge ignores a client's no-cache by default.
    const response = await fetch(card.dataset.path, { cache: "reload" });
    await response.arrayBuffer();
    const took = (performance.now() - started).toFixed(1);
    const status = response.headers.get("cache-status");
    const [kind, word] = verdict(status);
    const tag = document.createElement("span");
    tag.className = `tag ${kind}`;
    tag.textContent = word;
    const age = response.headers.get("age");
    const rest = ` ${response.status}, ${took} ms${age === null ? "" : `, Age ${age}`}`;
    const line = document.createElement("div");
    line.className = "mono";
    line.textContent = status ?? "";
    output.replaceChildren(tag, rest, line);
  } catch (error) {
    output.textContent = `failed: ${error.message}`;
  }
}

for (const card of document.querySelectorAll("[data-path]")) {
  card.querySelector("button").addEventListener("click", () => attempt(card));
}

const echo = document.querySelector("#echo");
if (echo) {
  const output = echo.querySelector("output");
  echo.querySelector("button").addEventListener("click", () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    output.textContent = "connecting…";
    socket.onopen = () => socket.send(`ahoy at ${new Date().toLocaleTimeString()}`);
    socket.onmessage = (event) => { output.textContent = `echoed: ${event.data}`; socket.close(); };
    socket.onerror = () => { output.textContent = "failed"; };
  });
}

// Tide table: a drawing of the day, computed here.
const tide = document.querySelector("#tide");
if (tide) {
  const points = [];
  for (let x = 0; x <= 720; x += 6) {
    const hours = (x / 720) * 24;
    const height = Math.sin((hours / 12.42) * 2 * Math.PI) * 46 + Math.sin((hours / 23.93) * 2 * Math.PI) * 12;
    points.push(`${x},${(80 - height).toFixed(1)}`);
  }
  tide.setAttribute("points", points.join(" "));
}
