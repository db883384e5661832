// console.mjs BROWSER SERVER TOKEN NAME: tests the console at three sizes while the fleet changes. TOKEN is empty if
// the server requires none. Screenshots are NAME-<width>-{fleet,one}.png.
import { check, finish, launch } from "./browser.mjs";

const [executablePath, server, token, name] = process.argv.slice(2);
const API = `${server}/api/hyperfleet/v1`;
const TIMEOUT = 20_000; // milliseconds

async function send(method, path, body) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${API}${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? undefined : answer.json();
}

const browser = await launch(executablePath);
try {
  for (const [width, height, colorScheme] of [[1280, 800, "light"], [768, 900, "dark"], [320, 640, "light"]]) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme });
    const page = await context.newPage();
    page.setDefaultTimeout(TIMEOUT);
    const [requests, faults] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("pageerror", (error) => faults.push(error.message));
    // The browser logs every 401, by which the page detects that a token is required.
    page.on("console", (message) => message.type() === "error" && !/401/.test(message.text()) && faults.push(message.text()));
    const at = (what) => `${what} (${width})`;

    const label = `w${width}`;
    const create = (suffix, labels = { env: "prod" }) =>
      send("POST", "/clusters", { name: `${name}-${label}-${suffix}`, spec: { region: "eu" }, labels: { width: label, ...labels } });
    const first = await create("first");
    await send("POST", `/clusters/${first.id}/nodepools`, { name: "workers", spec: {}, labels: {} });
    await page.goto(`${server}/console#/clusters?search=${encodeURIComponent(`labels.width = '${label}'`)}`);
    if (token) {
      await page.locator("#token").fill(token);
      await page.locator("#login button").click();
    }
    const rows = page.locator("#rows tr");
    await page.locator("#live.on").waitFor();
    check(at("the fleet is shown"), (await rows.count()) === 1, await rows.count());
    check(at("and nothing asks for a token"), !(await page.locator("#login").isVisible()));
    await create("second");
    await page.locator("#rows tr", { hasText: "second" }).waitFor();
    check(at("a new cluster arrives"), (await page.locator("#count").innerText()) === "2 clusters");
    await send("PATCH", `/clusters/${first.id}`, { labels: { env: "<b>test</b>".replace(/[<>/]/g, ""), width: label } });
    await page.locator("#rows tr", { hasText: "env=btestb" }).waitFor();
    check(at("a changed label arrives"), true);
    await page.screenshot({ path: `${name}-${width}-fleet.png` });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(at("nothing sticks out of the window"), overflow <= 0, overflow);

    await page.locator("main").click({ position: { x: 1, y: 1 } });
    await page.keyboard.press("/");
    check(at("a key leads to the search"), await page.evaluate(() => document.activeElement.id === "search"));
    await page.keyboard.press("Escape");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator("#one h1").waitFor();
    check(at("keys open a cluster"), (await page.locator("#one h1").innerText()).startsWith(name));
    await page.keyboard.press("Escape");
    await page.locator(`[id="${first.id}"] a`).click();
    await page.locator("#one h2", { hasText: "Node pools (1)" }).waitFor();
    await page.locator("#one h2", { hasText: /^State$/ }).waitFor();
    const waits = (await page.locator("#one").innerText()).includes("No adapter has reported yet");
    check(at("with what it waits for"), waits);
    check(at("and its name in the title"), (await page.title()).startsWith(first.name), await page.title());
    await page.locator("#live.on").waitFor();
    check(at("no change has come"), (await page.locator("#one li").allInnerTexts()).join() === "None so far.");
    const report = { adapter: "dns", observed_generation: 2, conditions: [{ type: "Available", status: "True", reason: "Done" }] };
    await send("PUT", `/clusters/${first.id}/statuses`, report);
    await page.locator("#one dd .Ready").waitFor();
    await page.locator("#one li", { hasText: "reported by dns" }).waitFor();
    check(at("and takes the place of that"), (await page.locator("#one li", { hasText: "None so far" }).count()) === 0);
    check(at("a report arrives"), true);
    await page.screenshot({ path: `${name}-${width}-one.png`, fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    check(at("nothing sticks out of the window there"), wide <= 0, wide);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll(".scroll")].filter((part) => part.scrollWidth > part.clientWidth).length);
    check(at("and no table is cut off"), cut === 0, cut);

    await page.goto(`${server}/console#/nodepools`);
    const pool = page.locator("#rows tr", { has: page.locator(`a[href="#/clusters/${first.id}"]`) });
    await pool.locator("a", { hasText: first.name }).waitFor();
    check(at("a node pool names its cluster"), (await pool.count()) === 1, await pool.count());
    await page.screenshot({ path: `${name}-${width}-node-pools.png` });
    await pool.locator("a", { hasText: "workers" }).click();
    await page.locator("#one dd a", { hasText: first.name }).waitFor();
    check(at("there too"), (await page.title()).startsWith("workers"));
    await page.goto(`${server}/console#/clusters/xyz`);
    await page.locator("#one [role=alert]").waitFor();
    const absent = await page.locator("#one [role=alert]").innerText();
    check(at("what is not there is said so"), absent === "There is no cluster xyz", absent);
    await page.goto(`${server}/console#/clusters?search=${encodeURIComponent("name = 'nobody'")}`);
    await page.locator("#count", { hasText: "No cluster matches this search." }).waitFor();
    check(at("a search that finds nothing says so"), true);

    // The page is not reloaded, so it keeps the token.
    await page.goto(`${server}/console#/clusters?search=nope`);
    const expectedFault = page.locator("#fault", { hasText: "search" });
    await expectedFault.waitFor();
    const explained = await expectedFault.innerText();
    check(at("a bad search is explained once"), explained.split("expected").length === 2, explained);
    check(at("and counts nothing"), (await page.locator("#count").innerText()) === "");
    check(at("and is no loss of the connection"), (await page.locator("#live").innerText()) === "no updates");
    await page.goto(`${server}/`);
    check(at("the start page links here"), (await page.locator("a[href='/console']").count()) === 1);
    const elsewhere = requests.filter((url) => !url.startsWith(`${server}/`));
    check(at("no request to another host"), elsewhere.length === 0, elsewhere.join(" "));
    const unexpected = faults.filter((text) => !/40[04]/.test(text));
    check(at("no error in the browser"), unexpected.length === 0, unexpected.join("; "));
    await context.close();
  }
} finally {
  await browser.close();
}
finish();
