// Runs the body of a function in a page of the gateway's origin, and writes what it returns.
//
// The page may call network("fail" | "work" | "cut"), and wait for that: whoever started this is asked for it
// in a line on stdout, and says in one on stdin that it is done.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { address, executablePath, body } = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const failures = [];

try {
  const page = await browser.newPage();
  page.on("pageerror", (error) => failures.push(String(error)));
  await page.exposeFunction("network", async (action) => {
    console.log(JSON.stringify({ action }));
    await lines.next();
  });
  await page.goto(`${address}/aiorest-gw.js`);
  const found = await page.evaluate(async (body) => {
    const client = await import("/aiorest-gw.js");
    const random = Math.random;
    Math.random = () => random() / 20;  // Of the time within which a client comes back, it takes little.
    const run = Object.getPrototypeOf(async () => {}).constructor;
    return await new run(...Object.keys(client), "address", "until", body)(
      ...Object.values(client),
      location.origin.replace("http", "ws"),
      (condition) => new Promise((resolve) => {
        (function look() { if (condition()) resolve(); else setTimeout(look, 5); })();
      }),
    );
  }, body);
  console.log(JSON.stringify({ found, failures }));
} finally {
  await browser.close();
}
process.exit();
