// Replaces the page's content every 15 seconds while it is looked at. Without scripts the page reloads by itself.
"use strict";

const PERIOD = 15000;

function openDetails(root) {
  return new Set([...root.querySelectorAll("details[open][id]")].map((element) => element.id));
}

async function refresh() {
  if (document.hidden) return;
  const banner = document.getElementById("lost");
  try {
    const answer = await fetch(document.location.pathname, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const opened = openDetails(document);
    for (const element of fresh.querySelectorAll("details[id]")) element.open = opened.has(element.id);
    if (!document.getElementById("content").contains(document.activeElement)) {
      document.getElementById("content").replaceWith(fresh.getElementById("content"));
    }
    document.getElementById("top").replaceWith(fresh.getElementById("top"));
    document.title = fresh.title;
    banner.hidden = true;
  } catch {
    banner.hidden = false;
  }
}

setInterval(refresh, PERIOD);
document.addEventListener("visibilitychange", refresh);
