// Looks at the fleet: a list that follows changes, and one resource. It only reads, and only from this server.
const API = "/api/hyperfleet/v1";
const PAGE = 100;
const $ = (id) => document.getElementById(id);
let token = ""; // Kept here and nowhere else.
let view = new AbortController();

class Refusal extends Error {
  constructor(status, problem) {
    super(problem.detail || `The server answers ${status}`);
    this.status = status;
    this.errors = problem.errors || [];
  }
}

async function ask(path, parameters = {}, signal = view.signal) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== "" && value != null));
  const headers = { Accept: "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${API}${path}?${query}`, { headers, signal, cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refusal(answer.status, body);
  return body;
}

/** An element with a class, properties and children. Text is always text, never markup. */
function make(name, { data, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  Object.assign(element.dataset, data);
  element.append(...children.filter((child) => child != null));
  return element;
}

function when(text, suffix = " ago") {
  const seconds = Math.max(0, (Date.now() - Date.parse(text)) / 1000);
  const units = [["d", 86400], ["h", 3600], ["min", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= size) || ["s", 1];
  return make("time", { dateTime: text, title: text }, `${Math.floor(seconds / size)} ${unit}${suffix}`);
}

const word = (text) => make("span", { className: text }, text);
const labels = (map) => Object.entries(map).map(([key, value]) => make("span", { className: "label" }, `${key}=${value}`));
const condition = (resource, type) => resource.status.conditions.find((one) => one.type === type)?.status || "Unknown";
const noun = (kind) => (kind === "clusters" ? "cluster" : "node pool");
const number = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

function live(state, text) {
  $("live").className = state;
  $("live").textContent = text;
}

/** Calls `take` with each event, for as long as the view lasts. Answers when the position is too old. */
async function follow(since, parameters, take) {
  const signal = view.signal;
  while (!signal.aborted) {
    try {
      const page = await ask("/changes", { ...parameters, since, wait: 25 }, signal);
      live("on", "live");
      page.items.forEach(take);
      since = page.next;
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 410) return;
      if (error.status === 401) throw error;
      live("off", "reconnecting");
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
}

// --- the fleet

const names = new Map(); // Of clusters, by their ids. They never change.

/** A link to the cluster of a node pool. It shows the id until the name is known. */
function cluster({ owner_references: { id } }) {
  return make("a", { href: `#/clusters/${id}`, tabIndex: -1, data: { cluster: id } }, names.get(id) ?? id);
}

/** Asks for the names of the clusters of node pools, of a page of them at most, and shows them. */
async function nameClusters(pools) {
  const unknown = [...new Set(pools.map((pool) => pool.owner_references.id))].filter((id) => !names.has(id));
  if (!unknown.length) return;
  const search = `id in (${unknown.map((id) => `'${id}'`)})`;
  const found = await ask("/clusters", { search, fields: "name", size: PAGE, total: false });
  found.items.forEach(({ id, name }) => names.set(id, name));
  for (const link of document.querySelectorAll("a[data-cluster]")) {
    link.textContent = names.get(link.dataset.cluster) ?? link.dataset.cluster;
  }
}

function row(kind, resource) {
  const { status } = resource;
  const cell = (of, ...children) => make("td", { data: { of } }, ...children);
  const name = make("a", { href: `#/${kind}/${resource.id}`, tabIndex: -1 }, resource.name);
  if (resource.deleted_time) name.className = "going";
  return make("tr", { id: resource.id, tabIndex: 0 },
    cell("Name", name, resource.deleted_time ? " being deleted" : ""),
    kind === "nodepools" ? cell("Cluster", cluster(resource)) : null,
    cell("Phase", word(status.phase)),
    cell("Reconciled", word(condition(resource, "Reconciled"))),
    cell("Generation", `${status.observed_generation} of ${resource.generation}`),
    cell("Labels", ...labels(resource.labels)),
    cell("Changed", when(resource.updated_time)));
}

async function fleet(kind, search) {
  $("fleet").hidden = false;
  $("search").value = search;
  $("rows").replaceChildren();
  $("count").textContent = "";
  $("more").hidden = true;
  $("of").hidden = kind === "clusters";
  document.title = `${kind === "clusters" ? "Clusters" : "Node pools"} · HyperFleet API`;
  const path = kind === "clusters" ? "/clusters" : "/nodepools";
  let total = 0, next = "", position = "";
  const count = () => {
    const none = search ? `No ${noun(kind)} matches this search.` : `There are no ${noun(kind)}s yet.`;
    $("count").textContent = total ? number(total, noun(kind)) : none;
  };
  const load = async () => {
    const list = await ask(path, { size: PAGE, search, order: "name", cursor: next });
    list.items.forEach((item) => $(item.id) || $("rows").append(row(kind, item)));
    position ||= list.position;
    [total, next] = [list.total, list.next];
    $("more").hidden = !next;
    count();
    if (kind === "nodepools") await nameClusters(list.items);
  };
  $("more").onclick = () => load().catch(report);
  await load();
  live("on", "live");
  const take = ({ type, object }) => {
    const known = $(object.id);
    if (type === "DELETED") {
      known?.remove();
      total -= 1;
    } else {
      const shown = row(kind, object);
      shown.className = "changed";
      const focused = known === document.activeElement;
      known ? known.replaceWith(shown) : $("rows").prepend(shown);
      if (focused) shown.focus();
      if (!known && type === "ADDED") total += 1;
      if (kind === "nodepools") nameClusters([object]).catch(report);
    }
    count();
  };
  // A replica of the database gives no position; then what happens from now on is followed.
  await follow(position || "now", { search, kind: kind === "clusters" ? "Cluster" : "NodePool" }, take);
  if (!view.signal.aborted) route();
}

// --- one resource

const WHY = {
  never_reported: "has never reported", older_generation: "has reported an older generation only",
  unavailable: "reports that it is not available", failed: "reports a failure", unknown: "does not know",
  not_finalized: "has not cleaned up yet", children: "node pools remain",
};

function table(heads, rows) {
  const head = make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", {}, text))));
  const cell = (content, index) => make("td", { data: { of: heads[index] } }, ...[content ?? ""].flat());
  const body = rows.map((cells) => make("tr", {}, ...cells.map(cell)));
  return make("div", { className: "scroll" }, make("table", {}, head, make("tbody", {}, ...body)));
}

function explained({ state, since, blocked_by: blockers = [] }) {
  const items = blockers.map((one) => {
    const generation = one.wanted ? ` (generation ${one.observed_generation ?? 0} of ${one.wanted})` : "";
    const said = [one.reason, one.message].filter(Boolean).join(": ");
    return make("li", {}, `${one.adapter ?? "It"} ${WHY[one.why] ?? one.why}${generation}`, said ? ` – ${said}` : "");
  });
  const for_text = since ? [" for ", when(since, "")] : [];
  // The one thing that is waited for without a name.
  const anyone = state === "waiting" && !items.length ? " No adapter has reported yet, and none is required." : "";
  return [make("p", {}, make("strong", {}, state), ...for_text, anyone), items.length ? make("ul", {}, ...items) : null];
}

async function one(kind, id) {
  const path = `/${kind}/${id}`;
  const article = $("one");
  article.hidden = false;
  article.replaceChildren("Loading…");
  document.title = `${id} · HyperFleet API`;
  const none = make("li", {}, "None so far.");
  const history = make("ul", {}, none);
  const show = async () => {
    const pools = kind === "clusters" ? ask(`${path}/nodepools`, { size: PAGE, order: "name" }) : null;
    const [resource, explanation, children] = await Promise.all([ask(path), ask(`${path}/explain`), pools]);
    const { status } = resource;
    document.title = `${resource.name} · HyperFleet API`;
    const owner = kind === "nodepools" ? [make("dt", {}, "Cluster"), make("dd", {}, cluster(resource))] : [];
    const parts = [
      make("p", {}, make("a", { href: `#/${kind}` }, "← All")),
      make("h1", { className: resource.deleted_time ? "going" : "" }, resource.name),
      make("dl", {}, ...owner,
        make("dt", {}, "Phase"), make("dd", {}, word(status.phase), " for ", when(status.last_transition_time, "")),
        make("dt", {}, "Generation"), make("dd", {}, `${status.observed_generation} of ${resource.generation}`),
        make("dt", {}, "Created"), make("dd", {}, when(resource.created_time), ` by ${resource.created_by}`),
        make("dt", {}, "Changed"), make("dd", {}, when(resource.updated_time), ` by ${resource.updated_by}`),
        ...(resource.deleted_time
          ? [make("dt", {}, "Deleted"), make("dd", {}, when(resource.deleted_time), ` by ${resource.deleted_by}`)] : []),
        make("dt", {}, "Labels"), make("dd", {}, ...labels(resource.labels)),
        make("dt", {}, "Id"), make("dd", {}, resource.id)),
      make("h2", {}, "State"), ...explained(explanation),
      make("h2", {}, "Conditions"),
      table(["Type", "Status", "Reason", "Message", "Since"], status.conditions.map((one) =>
        [one.type, word(one.status), one.reason, one.message, when(one.last_transition_time)])),
      make("h2", {}, "Adapters"),
      table(["Adapter", "Available", "Health", "Generation", "Reported"], status.adapters.map((one) =>
        [one.adapter, word(one.available), word(one.health), one.observed_generation, when(one.last_report_time)])),
      make("h2", {}, "Changes since this page was opened"), history,
      make("h2", {}, "Desired state"), make("pre", {}, JSON.stringify(resource.spec, null, 2)),
    ];
    if (children) {
      const rows = children.items.map((pool) =>
        [make("a", { href: `#/nodepools/${pool.id}` }, pool.name), word(pool.status.phase), when(pool.updated_time)]);
      parts.push(make("h2", {}, `Node pools (${children.total})`), table(["Name", "Phase", "Changed"], rows));
    }
    article.replaceChildren(...parts.filter(Boolean));
    if (owner.length) await nameClusters([resource]);
  };
  await ask(path); // Whether there is one, before it is followed.
  const { next } = await ask("/changes", { since: "now", id });
  await show();
  live("on", "live");
  await follow(next, { id }, (event) => {
    const text = ` ${event.change ?? ""} by ${event.changed_by ?? "?"}`;
    none.remove();
    history.prepend(make("li", { className: "changed" }, when(event.changed_time), text));
    if (event.type !== "DELETED") return void show().catch(report);
    article.prepend(make("p", { className: "Failed" }, "It has been removed."));
    live("", "removed");
  });
}

// --- what is shown

function report(error) {
  if (error.name === "AbortError") return;
  error.status < 500 ? live("", "no updates") : live("off", "not connected");
  const faults = error.errors?.length > 1 ? error.errors : []; // One alone is told by the message.
  const lines = faults.map(({ field, message }) => (message.startsWith(field) ? message : `${field}: ${message}`));
  const text = [error.message, ...lines].join("\n");
  if (error.status === 401) {
    view.abort();
    [$("fleet").hidden, $("one").hidden, $("login").hidden] = [true, true, false];
    $("refused").textContent = token ? error.message : "";
    $("token").focus();
  } else if ($("fleet").hidden) {
    const [kind, id] = asked();
    const gone = error.status === 404 ? `There is no ${noun(kind)} ${id}` : text;
    $("one").replaceChildren(make("p", { role: "alert" }, gone), make("a", { href: `#/${kind}` }, "← All"));
  } else {
    $("fault").textContent = text;
  }
}

/** What the address asks for: a kind, the id of one of them if it names one, and a query. */
function asked() {
  const [place, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [kind, id] = place.split("/");
  return [kind === "nodepools" ? kind : "clusters", id, query];
}

function route() {
  view.abort();
  view = new AbortController();
  const [kind, id, query] = asked();
  for (const name of ["fleet", "one", "login"]) $(name).hidden = true;
  $("fault").textContent = "";
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.dataset.kind === kind);
  }
  live("", "connecting");
  const search = new URLSearchParams(query).get("search") ?? "";
  (id ? one(kind, encodeURIComponent(id)) : fleet(kind, search)).catch(report);
}

$("searching").onsubmit = (event) => {
  event.preventDefault();
  const [kind] = asked();
  const target = `#/${kind}?${new URLSearchParams({ search: $("search").value })}`;
  if (target === location.hash) route();
  location.hash = target;
};
$("login").onsubmit = (event) => {
  event.preventDefault();
  token = $("token").value.trim();
  $("token").value = "";
  route();
};
$("rows").onclick = (event) => {
  const row = event.target.closest("tr");
  if (row && !event.target.closest("a")) location.hash = row.querySelector("a").hash;
};
document.onkeydown = (event) => {
  const typing = event.target.matches("input");
  if (event.key === "Escape") typing ? event.target.blur() : $("one").hidden || history.back();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...$("rows").children];
  const at = rows.indexOf(document.activeElement);
  const move = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
  if (event.key === "/" && !$("fleet").hidden) {
    event.preventDefault();
    $("search").focus();
  } else if (move && rows.length && !$("fleet").hidden) {
    event.preventDefault();
    rows[Math.min(rows.length - 1, Math.max(0, at + move))].focus();
  } else if (event.key === "Enter" && at >= 0 && event.target === rows[at]) {
    location.hash = rows[at].querySelector("a").hash;
  }
};
addEventListener("hashchange", route);
route();
