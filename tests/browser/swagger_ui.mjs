// swagger_ui.mjs BROWSER SERVER TOKEN SCREENSHOT: opens the page, authorizes, and executes operations with the examples
// that the page shows. Only ids are replaced.
import { check, finish, launch } from "./browser.mjs";

const [executablePath, server, token, screenshot] = process.argv.slice(2);
const TIMEOUT = 20_000; // milliseconds

const browser = await launch(executablePath);
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

  // Executes an operation with its example, replacing only these ids. Returns the body of the response.
  async function execute(operationId, expected, ids = {}) {
    const operation = page.locator(`[id$='-${operationId}']`);
    await operation.locator(".opblock-summary").first().click();
    await operation.locator(".try-out__btn").click();
    for (const [name, id] of Object.entries(ids)) {
      await operation.locator(`tr[data-param-name='${name}'] input`).fill(id);
    }
    const answered = page.waitForResponse((response) => response.url().startsWith(`${server}/api/`));
    await operation.locator(".execute").click();
    const answer = await answered;
    const status = operation.locator(".live-responses-table .response-col_status").last();
    await status.waitFor();
    const shown = (await status.innerText()).trim();
    check(`${operationId} answers ${expected} as it stands`, shown.startsWith(`${expected}`), shown);
    return answer.status() === 204 ? undefined : answer.json();
  }

  const cluster = await execute("postCluster", 201);
  check("the cluster is created by the token's caller", cluster.created_by === "tests@hyperfleet.local", cluster.created_by);
  const operation = page.locator("[id$='-postCluster']");
  await operation.locator(".live-responses-table").first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });
  const inCluster = { cluster_id: cluster.id };
  const pool = await execute("createNodePool", 201, inCluster);
  const inPool = { ...inCluster, nodepool_id: pool.id };
  await execute("putClusterStatuses", 201, inCluster);
  await execute("postNodePoolStatuses", 201, inPool);
  await execute("getClusters", 200);
  await execute("getClusterById", 200, inCluster);
  await execute("getClusterStatuses", 200, inCluster);
  await execute("patchClusterById", 200, inCluster);
  await execute("patchNodePoolById", 200, inPool);
  await execute("deleteNodePoolById", 202, inPool);
  await execute("deleteClusterById", 202, inCluster);
  await execute("forceDeleteCluster", 204, inCluster);
  await execute("getCompatibility", 200);

  // The rendered background, which may differ from the value of any style.
  await page.emulateMedia({ colorScheme: "dark" });
  await page.evaluate(() => window.scrollTo(0, 0));
  const dark = await page.screenshot({ path: screenshot.replace(".png", "-dark.png") });
  const corner = await page.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(1, 1).getContext("2d");
    context.drawImage(image, 0, 0);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }, dark.toString("base64"));
  check("the page is dark where that is preferred", Math.max(...corner) < 64, corner.join(" "));

  const away = requests.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(`${server}/`));
  check("no request leaves the server", away.length === 0, away.join(" ") || `${requests.length} requests`);
  check("no errors in the page", faults.length === 0, faults.join(" | "));
} finally {
  await browser.close();
}
finish();
