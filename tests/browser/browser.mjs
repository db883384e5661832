// Helpers of the scripts in this folder: a headless browser, and checks that are counted.
import { chromium } from "playwright-core";

let failures = 0;

// Prints whether a check passed, with a figure or a cause.
export function check(what, passed, figure = "") {
  if (!passed) failures += 1;
  console.log(`${passed ? "ok    " : "FAIL  "} ${what}${figure === "" ? "" : `: ${figure}`}`);
}

// Ends the script. The exit status is 0 if all checks passed.
export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}

export function launch(executablePath) {
  return chromium.launch({
    executablePath,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}
