// Renews the page every 15 seconds while it is looked at; what is opened or focused stays so.
// Without scripts the page reloads by itself.
"use strict";

const PERIOD = 15000;

function opened() {
  return [...document.querySelectorAll("details[open][id]")].map((element) => element.id);
}

function show(fresh) {
  const open = opened();
  const held = document.activeElement?.closest("details[id]")?.id;
  for (const id of ["top", "content"]) {
    document.getElementById(id).replaceWith(fresh.getElementById(id));
  }
  for (const id of open) {
    document.getElementById(id)?.setAttribute("open", "");
  }
  if (held) {
    document.getElementById(held)?.querySelector("summary").focus({ preventScroll: true });
  }
  document.title = fresh.title;
}

// What somebody has begun to fill in is not taken away.
function begun() {
  return [...document.querySelectorAll("input, textarea, select")].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.type !== "hidden" && field.value !== field.defaultValue;
  });
}

async function refresh() {
  if (document.hidden || begun()) return;
  const lost = document.getElementById("lost");
  try {
    const answer = await fetch(document.location.pathname + document.location.search, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    lost.hidden = true;
  } catch {
    lost.hidden = false;
  }
}

setInterval(refresh, PERIOD);
document.addEventListener("visibilitychange", refresh);
