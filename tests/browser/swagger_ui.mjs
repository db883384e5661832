// swagger_ui.mjs BROWSER SERVER TOKEN SCREENSHOT: opens the page, authorizes and executes an operation.
import { chromium } from "playwright-core";

const [executablePath, server, token, screenshot] = process.argv.slice(2);
const TIMEOUT = 20_000; // milliseconds

let failures = 0;
function check(what, passed, figure = "") {
  if (!passed) failures += 1;
  console.log(`${passed ? "ok    " : "FAIL  "} ${what}${figure === "" ? "" : `: ${figure}`}`);
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  page.setDefaultTimeout(TIMEOUT);
  const requests = [];
  const faults = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));

  const document = await (await page.request.get(`${server}/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  // An operation with two tags is shown under both.
  const expected = operations.flatMap((operation) => operation.tags);
  await page.goto(`${server}/openapi-ui`);
  await page.waitForSelector(".opblock");
  const shown = await page.locator(".opblock").count();
  check("every operation is shown", shown === expected.length, `${operations.length}, ${shown} of ${expected.length} entries`);
  check("with the title of the document", (await page.locator("h1, h2.title").first().innerText()).includes(document.info.title));

  await page.locator(".auth-wrapper .authorize").first().click();
  await page.locator(".auth-container input").first().fill(token);
  await page.locator(".auth-btn-wrapper button.authorize").click();
  await page.locator(".auth-btn-wrapper button.btn-done").click();

  const operation = page.locator("[id$='-postCluster']");
  await operation.locator(".opblock-summary").click();
  await operation.locator(".try-out__btn").click();
  const body = operation.locator("textarea.body-param__text");
  await body.fill(JSON.stringify({ name: "from-the-browser", spec: { region: "eu" } }));
  await operation.locator(".execute").click();
  const status = operation.locator(".live-responses-table .response-col_status").last();
  await status.waitFor();
  const answer = (await status.innerText()).trim();
  check("creating a cluster answers 201", answer.startsWith("201"), answer);
  await operation.scrollIntoViewIfNeeded();
  await operation.locator(".live-responses-table").first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });

  const away = requests.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(`${server}/`));
  check("no request leaves the server", away.length === 0, away.join(" ") || `${requests.length} requests`);
  check("no errors in the page", faults.length === 0, faults.join(" | "));
} finally {
  await browser.close();
}
process.exit(failures === 0 ? 0 : 1);
