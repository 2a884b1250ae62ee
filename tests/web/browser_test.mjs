// The page in Chromium: digits drawn with mouse, finger and keyboard get their labels, and nothing
// that was drawn and nothing of the secret key leaves the browser.
// Usage: browser_test.mjs BIN_FOLDER WASM_FOLDER PROJECT WORK_FOLDER
// CHROMIUM names the browser; SERDAB_SCREENSHOT a .png to write.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { found, needlesOfKey, needlesOfPicture } from './needles.mjs';
import { Recorder } from './recorder.mjs';
import { StandIn } from './stand_in.mjs';

const [bin, wasm, project, work] = process.argv.slice(2);
const SKIP = 77;
const TOKEN = 'token-of-the-test';

function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(SKIP);
}

function findChromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'];
  for (const name of names.filter(Boolean)) {
    const { status, stdout } = spawnSync('sh', ['-c', 'command -v "$0"', name], {
      encoding: 'utf8',
    });
    if (status === 0) return stdout.trim();
  }
  return skip('no Chromium here (install it, or name one in CHROMIUM)');
}

// playwright-core as package-lock.json pins it, in the build folder.
function loadPlaywright() {
  mkdirSync(work, { recursive: true });
  if (!existsSync(join(work, 'node_modules/playwright-core'))) {
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(project, 'tests/web', file), join(work, file));
    }
    const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: work,
      timeout: 180_000,
    });
    if (status !== 0) skip('npm cannot install playwright-core: no npm, or no registry');
  }
  return createRequire(join(work, 'package.json'))('playwright-core').chromium;
}

// Lines of a digit on a board of 280.
const ellipse = Array.from({ length: 41 }, (_, i) => [
  140 + 55 * Math.sin((2 * Math.PI * i) / 40),
  140 - 85 * Math.cos((2 * Math.PI * i) / 40),
]);
const DIGITS = {
  1: [[150, 55], [146, 100], [140, 150], [134, 225]],
  0: ellipse,
  7: [[85, 70], [140, 68], [195, 70], [165, 125], [145, 175], [130, 225]],
};

async function boardPlace(page) {
  const board = page.locator('#board');
  await board.scrollIntoViewIfNeeded();
  const box = await board.boundingBox();
  return ([x, y]) => [box.x + (x * box.width) / 280, box.y + (y * box.height) / 280];
}

async function drawByMouse(page, points) {
  const place = await boardPlace(page);
  await page.mouse.move(...place(points[0]));
  await page.mouse.down();
  for (const point of points) await page.mouse.move(...place(point), { steps: 4 });
  await page.mouse.up();
}

async function drawByFinger(page, points) {
  const place = await boardPlace(page);
  const session = await page.context().newCDPSession(page);
  const touch = (type, touchPoints) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
  const at = (point) => {
    const [x, y] = place(point);
    return [{ x, y }];
  };
  await touch('touchStart', at(points[0]));
  for (const point of points) await touch('touchMove', at(point));
  await touch('touchEnd', []);
}

async function answerOf(page) {
  await page.locator('#answer:visible, #problem:visible').waitFor();
  assert.equal(await page.locator('#problem').isVisible(), false,
               await page.locator('#problem').textContent());
  return page.locator('#label').textContent();
}

async function ask(page) {
  await page.locator('#ask:enabled').click(); // hides the last answer at once
  return answerOf(page);
}

const ready = (page) =>
  page.waitForFunction(() => document.getElementById('status').textContent.startsWith('Ready'));

// The numbers that the page encrypts, by the page's own code.
const sharesOf = (page) =>
  page.evaluate(async () => {
    const { prepare } = await import('/preprocess.js');
    const board = document.getElementById('board').getContext('2d').getImageData(0, 0, 280, 280);
    return [...prepare(board, { input_shape: [1, 28, 28] }, 'digit')];
  });

const storedKeys = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const opening = indexedDB.open('serdab', 1);
        opening.onerror = reject;
        opening.onsuccess = () => {
          const all = opening.result.transaction('keys').objectStore('keys').getAll();
          all.onsuccess = () => {
            opening.result.close();
            resolve(all.result.map((key) => ({ ...key, secretFile: [...key.secretFile] })));
          };
        };
      }),
  );

// Where Chromium goes by itself, whatever the page.
const CHROMIUMS_OWN = /^https?:\/\/([a-z0-9-]+\.)*(google|googleapis|gvt1|gstatic)\.com$/;

// What a page complained of.
function watch(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return complaints;
}

class World {
  async start() {
    const chromium = loadPlaywright();
    const executablePath = findChromium();
    this.folder = mkdtempSync(join(tmpdir(), 'serdab-browser-'));
    const model = join(this.folder, 'mnist-paper');
    execFileSync(join(bin, 'serdab'), [
      'compile', join(project, 'models/mnist-paper/model.onnx'), '-o', model, '--layout', 'single',
    ]);
    this.server = new StandIn({
      bin,
      wasm,
      page: join(project, 'apps/web/page'),
      models: { 'mnist-paper': model },
      token: TOKEN,
    });
    this.recorder = new Recorder();
    this.url = await this.server.start();
    this.browser = await chromium.launch({
      executablePath,
      proxy: { server: await this.recorder.start(this.url), bypass: '<-loopback>' },
      args: [
        '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    });
  }

  async page(options) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(180_000); // machines may be busy
    const page = await context.newPage();
    page.complaints = watch(page);
    page.origins = new Set();
    context.on('request', (request) => page.origins.add(new URL(request.url()).origin));
    return page;
  }

  async stop() {
    await this.browser?.close();
    this.server?.stop();
    this.recorder?.stop();
    if (this.folder) rmSync(this.folder, { recursive: true });
  }

  uploads() {
    return this.recorder.requests.filter(({ method }) => method === 'PUT').length;
  }
}

async function mouseTest(world) {
  const page = await world.page({ viewport: { width: 1100, height: 1000 } });
  world.server.faults = { busy: 1, cut: 1 };
  await page.goto(`${world.url}/#token=${TOKEN}`);
  await ready(page);
  assert.equal(page.url(), `${world.url}/`, 'the token is out of the address bar');

  const needles = [];
  for (const digit of ['1', '0', '7']) {
    await page.locator('#clear').click();
    await drawByMouse(page, DIGITS[digit]);
    assert.equal(await ask(page), digit);
    needles.push(...needlesOfPicture(await sharesOf(page)));
  }
  const bars = await page.locator('#bars tr').count();
  assert.equal(bars, 10);
  console.log('times:', (await page.locator('#times').innerText()).replaceAll(/\s+/g, ' '));
  if (process.env.SERDAB_SCREENSHOT) {
    await page.screenshot({ path: process.env.SERDAB_SCREENSHOT, fullPage: true });
  }

  // The key is found again after a reload, without another upload.
  const uploads = world.uploads();
  const [key] = await storedKeys(page);
  await page.reload();
  await ready(page);
  await drawByMouse(page, DIGITS[1]);
  assert.equal(await ask(page), '1');
  assert.equal(world.uploads(), uploads);

  // What left: one origin, the query, and nothing secret.
  assert.deepEqual([...page.origins], [world.url]);
  for (const origin of world.recorder.origins()) {
    assert.ok(origin === world.url || CHROMIUMS_OWN.test(origin), origin);
  }
  const sent = world.recorder.bytes();
  const shown = (await page.locator('#sent-bytes').textContent()).replaceAll(/[^0-9a-f]/g, '');
  assert.ok(sent.includes(Buffer.from(shown, 'hex')), 'the recording has the query that was shown');
  assert.ok(sent.length > 30e6, 'the recording has the evaluation keys');
  needles.push(...needlesOfKey(Buffer.from(key.secretFile)));
  assert.equal(found(sent, needles), undefined);
  const control = Buffer.concat([sent.subarray(0, 1000), needles.at(-3), needles[0]]);
  assert.equal(found(control, [needles[0]]), needles[0], 'what is there would be found');
  console.log(`nothing of ${needles.length} forms of secrets in ${sent.length} bytes that left`);

  await page.locator('#forget').click();
  await page.waitForFunction(() =>
    document.getElementById('status').textContent.includes('forgotten'),
  );
  assert.deepEqual(await storedKeys(page), []);
  // A piece of an upload that is cut shows in the console as the browser's own line.
  const own = page.complaints.filter((text) => !/Failed to load resource/.test(text));
  assert.deepEqual(own, []);
  await page.context().close();
}

async function phoneTest(world) {
  const page = await world.page({
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    colorScheme: 'dark',
  });
  await page.goto(world.url);
  await page.locator('#access').waitFor();
  assert.match(await page.locator('#problem').textContent(), /access token/);
  await page.locator('#token').fill(TOKEN);
  await page.locator('#token-form button').click();
  await ready(page);
  await drawByFinger(page, DIGITS[7]);
  assert.equal(await ask(page), '7');
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= 360, `the page is ${wide} pixels wide`);
  if (process.env.SERDAB_SCREENSHOT) {
    const path = process.env.SERDAB_SCREENSHOT.replace(/\.png$/, '-phone.png');
    await page.screenshot({ path, fullPage: true });
  }
  const own = page.complaints.filter((text) => !/Failed to load resource.*401/.test(text));
  assert.deepEqual(own, []);
  await page.context().close();
}

async function keyboardTest(world) {
  const page = await world.page({ viewport: { width: 900, height: 900 } });
  await page.goto(`${world.url}/#token=${TOKEN}`);
  await ready(page);
  const focused = () => page.evaluate(() => document.activeElement.id);
  for (let i = 0; i < 10 && (await focused()) !== 'board'; i += 1) await page.keyboard.press('Tab');
  assert.equal(await focused(), 'board');
  const outline = await page.evaluate(
    () => getComputedStyle(document.activeElement).outlineStyle,
  );
  assert.notEqual(outline, 'none', 'focus is visible');
  const press = async (key, times) => {
    for (let i = 0; i < times; i += 1) await page.keyboard.press(key);
  };
  await press('Space', 1);
  await press('ArrowRight', 5);
  await press('Delete', 1); // a mistake, wiped out
  await press('ArrowUp', 12);
  await press('Space', 1);
  await press('ArrowDown', 24);
  await press('Space', 1);
  await press('Enter', 1);
  assert.equal(await answerOf(page), '1');
  assert.match(await page.locator('#status').textContent(), /says 1/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

const world = new World();
try {
  await world.start();
  for (const test of [mouseTest, phoneTest, keyboardTest]) {
    const begin = performance.now();
    await test(world);
    console.log(`${test.name}: passed in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  }
} finally {
  await world.stop();
}
