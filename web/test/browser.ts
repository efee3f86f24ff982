/** A real Chromium for tests: pages that fail a test when a script throws or a request leaves for another host. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { Owner } from './serve.ts';

const places = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export async function openBrowser(owner: Owner): Promise<Browser> {
  const executablePath = places.find((place) => place !== '' && existsSync(place));
  assert.ok(executablePath, 'These tests need Chromium: apt-get install chromium, or set CHROMIUM_PATH');
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  owner.after(() => browser.close());
  return browser;
}

export interface PageOptions {
  colorScheme?: 'light' | 'dark';
  width?: number;
}

/** Closed with `owner`, which is then told of errors on the page. */
export async function openPage(owner: Owner, browser: Browser, options: PageOptions = {}): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: options.width ?? 1280, height: 800 },
    colorScheme: options.colorScheme ?? 'light',
  });
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`script: ${error.message}`));
  page.on('request', (request) => {
    const { hostname } = new URL(request.url());
    if (hostname !== 'localhost') troubles.push(`request to ${request.url()}`);
  });
  page.on('console', (message) => {
    // Failed requests are part of some tests; a broken security policy never is.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      troubles.push(message.text());
  });
  page.setDefaultTimeout(10_000);
  owner.after(async () => {
    await page.close();
    assert.deepEqual(troubles, []);
  });
  return page;
}
