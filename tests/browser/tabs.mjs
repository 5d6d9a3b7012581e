// Tabs of one Chromium. Each line on stdin is a command in JSON, and is answered with a line on stdout.

import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const { executablePath, patience } = JSON.parse(process.argv[2]);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
let context, tabs;

const commands = {
  // A profile of its own, so that nothing is left of what was before.
  async anew() {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 900, height: 640 } });
    context.setDefaultTimeout(patience);
    tabs = new Map();
  },
  async open({ tab, url }) {
    const page = await context.newPage();
    const told = { page, alerts: [], loads: 0 };
    tabs.set(tab, told);
    page.on("load", () => { told.loads += 1; });
    page.on("dialog", (dialog) => {
      told.alerts.push(dialog.message());
      dialog.accept().catch(() => {});  // It went with its page.
    });
    await page.goto(url);
  },
  run: ({ tab, script }) => tabs.get(tab).page.evaluate(script),
  // Looks again with each frame that is drawn, also in the pages that follow this one.
  until: async ({ tab, script }) => { await tabs.get(tab).page.waitForFunction(script); },
  press: async ({ tab, selector }) => { await tabs.get(tab).page.click(selector); },
  told: ({ tab }) => ({ alerts: tabs.get(tab).alerts, loads: tabs.get(tab).loads }),
  picture: async ({ tab, path }) => { await tabs.get(tab).page.screenshot({ path }); },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    console.log(JSON.stringify({ value: (await commands[command.do](command)) ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ failure: String(error) }));
  }
}
await browser.close();
