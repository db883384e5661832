// guides.mjs BROWSER SERVER: opens the start page, the list of guides and each guide at three sizes, light and dark.
import { check, finish, launch } from "./browser.mjs";

const [executablePath, server] = process.argv.slice(2);
const SIZES = { phone: [320, 640], tablet: [820, 1100], desk: [1440, 900] };
const SHOTS = ["/", "/docs", "/docs/operations.md", "/docs/search.md"];

const browser = await launch(executablePath);
try {
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await browser.newPage({ viewport: { width, height }, colorScheme });
      page.setDefaultTimeout(20_000);
      const faults = [];
      const requests = [];
      page.on("request", (request) => requests.push(request.url()));
      page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
      await page.goto(`${server}/docs`);
      const links = await page.locator("main a[href$='.md']").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
      const tooWide = [];
      for (const path of ["/", "/docs", ...links]) {
        await page.goto(server + path);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (wide > 0) tooWide.push(`${path} by ${wide} px`);
        if (SHOTS.includes(path)) {
          await page.screenshot({ path: `guides-${path.split("/").pop() || "start"}-${size}-${colorScheme}.png` });
        }
      }
      const at = (what) => `${size}, ${colorScheme}: ${what}`;
      check(at("every guide fits the width"), links.length > 10 && tooWide.length === 0, tooWide.join(", "));
      // A link to a section of another guide scrolls to that section.
      await page.goto(`${server}/docs/SECURITY.md`);
      await page.locator("main a[href^='operations.md#']").click();
      await page.waitForURL(/operations\.md#/);
      const heading = page.locator(`[id='${new URL(page.url()).hash.slice(1)}']`);
      const { y } = await heading.boundingBox();
      check(at("a link leads to its section"), y >= 0 && y < height, `${y} px`);
      const elsewhere = requests.filter((url) => !url.startsWith(`${server}/`));
      check(at("no request to another host"), elsewhere.length === 0, elsewhere.join(" "));
      check(at("no error in the browser"), faults.length === 0, faults.join("; "));
      await page.close();
    }
  }
} finally {
  await browser.close();
}
finish();
