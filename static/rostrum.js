// Comfort for pages that work without it: no double sending, live filters, a question before
// changes are lost, attendance counts, progress of jobs.
"use strict";

const say = (text) => {
  const place = document.getElementById("announce");
  if (place && place.textContent !== text) place.textContent = text;
};

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// A form is sent once. The button keeps its name and value, because it is only marked, never
// disabled.
const release = (form) => {
  delete form.dataset.sent;
  form
    .querySelectorAll("[aria-disabled]")
    .forEach((button) => button.removeAttribute("aria-disabled"));
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "download" in form.dataset) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  if (event.submitter) event.submitter.setAttribute("aria-disabled", "true");
  setTimeout(release, 30000, form);
});

window.addEventListener("pageshow", () =>
  document.querySelectorAll("form[data-sent]").forEach(release)
);

// What is wrong comes first.
const errors = document.getElementById("errors");
if (errors) errors.focus();

// Filters show their results while they change; the address follows, so that it can be kept and
// shared.
document.querySelectorAll("form[data-live]").forEach((form) => {
  let timer, request;

  const search = async () => {
    const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    const address = form.getAttribute("action") + "?" + query;
    if (request) request.abort();
    request = new AbortController();
    const results = document.getElementById(form.dataset.live);
    results.setAttribute("aria-busy", "true");
    try {
      const headers = { "X-Fragment": form.dataset.live };
      const answer = await fetch(address, { headers, signal: request.signal });
      if (answer.redirected) return location.assign(address);
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      results.replaceChildren(...(page.getElementById(form.dataset.live) || page.body).childNodes);
      results.classList.remove("stale");
      history.replaceState(null, "", address);
      const heading = results.querySelector("[data-announce]");
      if (heading) say(heading.textContent.trim());
    } catch (error) {
      if (error.name === "AbortError") return; // a later search is under way
      results.classList.add("stale"); // the button still asks for the whole page
    }
    results.removeAttribute("aria-busy");
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, 400);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
});

// A tick, a choice, or words that differ from what the page came with.
const isChanged = (input) =>
  input.checked !== input.defaultChecked || input.value !== input.defaultValue;

// Forms of many rows: whoever leaves without sending is asked.
document.querySelectorAll("form[data-unsaved]").forEach((form) => {
  let isSending = false;

  form.addEventListener("submit", () => (isSending = true));
  window.addEventListener("pageshow", () => (isSending = false));
  window.addEventListener("beforeunload", (event) => {
    const inputs = [...form.querySelectorAll("input, textarea")];
    if (!isSending && inputs.some(isChanged)) event.preventDefault();
  });
});

// Attendance: how many are marked, how many changes wait; offline they wait on the page.
document.querySelectorAll("form[data-attendance]").forEach((form) => {
  const rows = [...form.querySelectorAll(".mark")];
  const marks = [...form.querySelectorAll(".marks input")];
  const place = form.querySelector("[data-said]");
  let isSending = false;
  let waiting = null;

  const hasChanged = (row) => [...row.querySelectorAll("input")].some(isChanged);
  const changes = () => rows.filter(hasChanged).length;

  const count = () => {
    const marked = marks.filter((mark) => mark.checked).length;
    const words = [fill(form.dataset.marked, { marked, total: rows.length })];
    if (changes()) words.push(fill(form.dataset.waiting, { changes: changes() }));
    if (waiting) words.push(form.dataset.offline);
    place.textContent = words.join(" ");
  };

  form.addEventListener("change", count);
  form.addEventListener("click", (event) => {
    if (event.target.name !== "rest") return;
    event.preventDefault();
    rows.forEach((row) => {
      if (row.querySelector(":checked")) return;
      row.querySelector(`[value="${event.target.value}"]`).checked = true;
    });
    count();
  });
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) {
      isSending = true;
    } else {
      event.preventDefault();
      waiting = event.submitter;
      count();
    }
  });
  window.addEventListener("online", () => waiting && form.requestSubmit(waiting));
  window.addEventListener("pageshow", () => {
    isSending = false;
    count();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isSending && changes()) event.preventDefault();
  });
});

// A job's progress, every two seconds, read out at the quarters.
document.querySelectorAll("[data-job-url]").forEach((part) => {
  const bar = part.querySelector("progress");
  let quarter = Math.floor((4 * bar.value) / bar.max);

  const ask = async () => {
    try {
      const answer = await fetch(part.dataset.jobUrl, { headers: { Accept: "application/json" } });
      const job = await answer.json();
      if (job.status === "succeeded" || job.status === "failed") return location.reload();
      if (job.total) {
        bar.max = job.total;
        bar.value = job.done;
        const words = fill(part.dataset.words, job);
        part.querySelector(".said").textContent = words;
        const reached = Math.floor((4 * job.done) / job.total);
        if (reached > quarter) say(words);
        quarter = reached;
      }
    } catch (error) {
      // no connection for the moment: ask again
    }
    setTimeout(ask, 2000);
  };
  setTimeout(ask, 2000);
});
