// provider_schema.mjs BROWSER SERVER SCREENSHOT: opens Swagger UI on a server with a provider's schemas, and checks the
// fields of a spec in the schema of a request and in its example.
import { check, finish, launch } from "./browser.mjs";

const [executablePath, server, screenshot] = process.argv.slice(2);
const TIMEOUT = 20_000; // milliseconds

const browser = await launch(executablePath);
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  page.setDefaultTimeout(TIMEOUT);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));

  await page.goto(`${server}/openapi-ui`);
  for (const [operationId, fields] of [
    ["postCluster", { project_id: "my-project", region: "europe-west1", version: "4.19.7", channel: "candidate", pod_cidr: "10.128.0.0/14" }],
    ["createNodePool", { machine_type: "n2-standard-8", replicas: "500", min: "integer" }],
  ]) {
    const operation = page.locator(`[id$='-${operationId}']`);
    await operation.locator(".opblock-summary").first().click();
    const body = operation.locator(".opblock-section-request-body");
    const example = await body.locator(".highlight-code, .example").first().innerText();
    const [field, value] = Object.entries(fields)[0];
    check(`${operationId}: the example fills in ${field}`, example.includes(`"${field}": "${value}"`));

    await body.locator("[data-name='model']").click();
    // Expands all folded parts, including those that appear by expanding.
    const folded = body.locator(".model-box [aria-expanded='false']");
    while ((await folded.count()) > 0) await folded.first().click();
    const shown = await body.locator(".model-box").first().innerText();
    for (const [field, of] of Object.entries(fields)) {
      check(`${operationId}: the schema shows ${field}`, shown.includes(field) && shown.includes(of), of);
    }
  }
  await page.locator("[id$='-postCluster'] .opblock-section-request-body").scrollIntoViewIfNeeded();
  await page.screenshot({ path: screenshot });
  check("no errors in the page", faults.length === 0, faults.join(" | "));
} finally {
  await browser.close();
}
finish();
