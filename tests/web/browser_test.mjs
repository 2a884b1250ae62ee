// The page in Chromium, served by 'serdab-server serve': digits get their labels through whatever
// happens, and nothing that was drawn and nothing of the secret key leaves the browser.
// Usage: browser_test.mjs BIN_FOLDER PROJECT WORK_FOLDER TEST...
// CHROMIUM names the browser; SERDAB_SCREENSHOT a .png to write.
import assert from 'node:assert/strict';
import { DIGITS, drawByFinger, drawByMouse, pictureOf } from './hand.mjs';
import { found, needlesOfFile, needlesOfKey, needlesOfPicture } from './needles.mjs';
import { pause, until } from './service.mjs';
import { World } from './world.mjs';

const [bin, project, work, ...chosen] = process.argv.slice(2);

const statusOf = (page) => page.locator('#status').textContent();
async function statusSays(page, text) {
  await until(async () => (await statusOf(page)).includes(text), 120).catch(async () => {
    const problem = await page.locator('#problem').textContent();
    assert.fail(`not '${text}' but '${await statusOf(page)}' '${problem}': ${page.complaints}`);
  });
}
const ready = (page) => statusSays(page, 'Ready');

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

// While something else has the only place of the tenant.
async function askWhileBusy(world, page, token) {
  const free = await world.service.occupy(token);
  await page.locator('#ask:enabled').click();
  await statusSays(page, 'Trying again');
  free();
  return answerOf(page);
}

async function problemOf(page) {
  await page.locator('#problem:visible').waitFor();
  return page.locator('#problem').textContent();
}

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

// One origin, what is meant to leave, and nothing secret.
async function checkWhatLeft(world, page, needles) {
  assert.deepEqual([...page.origins], [world.url]);
  for (const origin of world.recorder.origins()) {
    assert.ok(origin === world.url || CHROMIUMS_OWN.test(origin), origin);
  }
  const sent = world.recorder.bytes(page.begin);
  const shown = (await page.locator('#sent-bytes').textContent()).replaceAll(/[^0-9a-f]/g, '');
  assert.ok(sent.includes(Buffer.from(shown, 'hex')), 'the recording has the query that was shown');
  assert.ok(sent.length > 30e6, 'the recording has the evaluation keys');
  const [key] = await storedKeys(page);
  const all = [...needles, ...needlesOfKey(Buffer.from(key.secretFile))];
  assert.equal(found(sent, all), undefined);
  const control = Buffer.concat([sent.subarray(0, 1000), all.at(-3), all[0]]);
  assert.equal(found(control, [all[0]]), all[0], 'what is there would be found');
  console.log(`nothing of ${all.length} forms of secrets in ${sent.length} bytes that left`);
}

// Requests that were refused or cut show in the console as lines of the browser's own.
function checkConsole(page) {
  assert.deepEqual(page.complaints.filter((text) => !/Failed to load resource/.test(text)), []);
}

async function picture(page, name) {
  if (!process.env.SERDAB_SCREENSHOT) return;
  const path = process.env.SERDAB_SCREENSHOT.replace(/\.png$/, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
}

// The server dies in the middle of the third piece of a key, and is back after a while.
function cutUpload(world, token) {
  const { recorder, service } = world;
  recorder.cut(
    ({ method, first }) => method === 'PUT' && first > 6e6,
    async ({ url, first }) => {
      await until(async () => (await service.arrived(url.split('/').at(-1), token)) > first);
      await service.stop('SIGKILL');
      setTimeout(() => service.start(), 2500); // away for the page's first attempt too
    },
  );
}

function checkResumed(world) {
  const uploads = world.sent('PUT');
  const at = uploads.findIndex(({ cut }) => cut);
  const next = uploads.slice(at + 1).find(({ answer }) => answer?.status === 202);
  const offsets = world.sent('HEAD').map(({ answer }) => Number(answer?.headers['upload-offset']));
  assert.ok(at > 0 && offsets.includes(next.first), 'it went on where the server said');
  assert.ok(next.first > uploads[at].first, 'with what had arrived of the cut piece kept');
  console.log(`cut in the piece at ${uploads[at].first}, resumed at ${next.first}`);
}

async function mouse(world) {
  const { service } = world;
  const token = service.tenant('ada', '--concurrent', '1');
  const page = await world.page({ viewport: { width: 1100, height: 1000 } });
  await page.goto(`${world.url}/#token=${token}`);
  await ready(page);
  assert.equal(page.url(), `${world.url}/`, 'the token is out of the address bar');

  const needles = [];
  const draw = async (digit) => {
    await page.locator('#clear').click();
    await drawByMouse(page, DIGITS[digit]);
    needles.push(...needlesOfPicture(await sharesOf(page)));
  };
  await draw('1');
  cutUpload(world, token);
  assert.equal(await askWhileBusy(world, page, token), '1');
  checkResumed(world);

  await draw('0');
  assert.equal(await askWhileBusy(world, page, token), '0');
  for (const method of ['PUT', 'POST']) {
    assert.ok(world.sent(method).some(({ answer }) => answer?.status === 429), `429 for ${method}`);
  }

  const uploads = world.sent('PUT').length;
  await service.stop();
  await service.start();
  await draw('7');
  assert.equal(await ask(page), '7');
  assert.equal(await page.locator('#bars tr').count(), 10);
  console.log('times:', (await page.locator('#times').innerText()).replaceAll(/\s+/g, ' '));

  // The key is found again after a reload.
  await page.reload();
  await ready(page);
  await drawByMouse(page, DIGITS[7]);
  assert.equal(await ask(page), '7');
  assert.equal(world.sent('PUT').length, uploads, 'keys are sent once');
  await picture(page, '');

  await checkWhatLeft(world, page, needles);
  const [{ answer }] = world.sent('GET').filter(({ url }) => url === `${world.url}/`);
  assert.match(answer.headers['content-security-policy'], /default-src 'none'/);

  assert.equal(service.keys('ada').length, 1);
  await page.locator('#forget').click();
  await statusSays(page, 'forgotten');
  assert.deepEqual(await storedKeys(page), []);
  assert.deepEqual(service.keys('ada'), []);
  checkConsole(page);
  await page.context().close();
}

async function phone(world) {
  const token = world.service.tenant('phoebe');
  const page = await world.page({
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    colorScheme: 'dark',
  });
  await page.goto(world.url);
  assert.match(await problemOf(page), /access token/);
  await page.locator('#token').fill(token);
  await page.locator('#token-form button').click();
  await ready(page);
  await drawByFinger(page, DIGITS[7]);
  assert.equal(await ask(page), '7');
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth);
  assert.ok(wide <= 360, `the page is ${wide} pixels wide`);
  await picture(page, '-phone');
  checkConsole(page);
  await page.context().close();
}

async function keyboard(world) {
  const token = world.service.tenant('kay');
  const page = await world.page({ viewport: { width: 900, height: 900 } });
  await page.goto(`${world.url}/#token=${token}`);
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
  assert.match(await statusOf(page), /says 1/);
  checkConsole(page);
  await page.context().close();
}

async function files(world) {
  const token = world.service.tenant('fay');
  const page = await world.page({ viewport: { width: 1100, height: 1000 } });
  await page.goto(`${world.url}/#token=${token}`);
  await ready(page);
  const needles = [];
  const isThere = async (name, bytes) => {
    await statusSays(page, 'on the board');
    needles.push(...needlesOfPicture(await sharesOf(page)), ...needlesOfFile(name, bytes));
  };

  const text = { name: 'no-picture.txt', mimeType: 'text/plain', buffer: Buffer.from('7') };
  await page.locator('#file').setInputFiles(text);
  assert.match(await problemOf(page), /no-picture\.txt is not a picture/);

  const seven = await pictureOf(page, DIGITS[7], '#f2ede0');
  const file = { name: 'my-own-seven.png', mimeType: 'image/png', buffer: seven };
  await page.locator('#file').setInputFiles(file);
  await isThere(file.name, seven);
  assert.equal(await page.locator('#problem').isVisible(), false);
  assert.equal(await ask(page), '7');

  const nought = await pictureOf(page, DIGITS[0]);
  const dropped = await page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'my-own-nought.png', { type: 'image/png' }));
    return transfer;
  }, nought.toString('base64'));
  await page.dispatchEvent('#board', 'dragover', { dataTransfer: dropped });
  assert.equal(await page.locator('#drop.dropping').count(), 1);
  await page.dispatchEvent('#board', 'drop', { dataTransfer: dropped });
  await isThere('my-own-nought.png', nought);
  assert.equal(await page.locator('#drop.dropping').count(), 0);
  assert.equal(await ask(page), '0');

  await checkWhatLeft(world, page, needles);
  checkConsole(page);
  await page.context().close();
}

// A tenant with few requests a second: nearly every one is refused at first.
async function slow(world) {
  const token = world.service.tenant('sloane', '--rate', '0.5');
  const page = await world.page();
  await page.goto(`${world.url}/#token=${token}`);
  await ready(page);
  await drawByMouse(page, DIGITS[0]);
  assert.equal(await ask(page), '0');
  const refused = world.sent('PUT', page.begin).filter(({ answer }) => answer?.status === 429);
  assert.ok(refused.length > 0);
  console.log(`${refused.length} pieces were refused for a while`);
  checkConsole(page);
  await page.context().close();
}

// The server dies while it is asked, loses the keys, and gets another token.
async function trouble(world) {
  const { recorder, service } = world;
  const token = service.tenant('tess');
  const page = await world.page();
  await page.goto(`${world.url}/#token=${token}`);
  await ready(page);
  await drawByMouse(page, DIGITS[7]);
  recorder.cut(
    ({ method }) => method === 'POST',
    async () => {
      await pause(0.2);
      await service.stop('SIGKILL');
    },
  );
  await page.locator('#ask:enabled').click();
  assert.match(await problemOf(page), /ask again/);
  const uploads = world.sent('PUT').length;
  await service.start();
  assert.equal(await ask(page), '7');
  assert.equal(world.sent('PUT').length, uploads, 'keys are sent once');

  const [{ digest }] = service.keys('tess');
  service.admin('key', 'remove', 'tess', digest);
  assert.equal(await ask(page), '7');
  assert.notEqual(service.keys('tess')[0].digest, digest, 'a new key');

  const [{ id }] = JSON.parse(service.admin('token', 'list', 'tess', '--json'));
  service.admin('token', 'revoke', 'tess', id);
  await page.locator('#ask:enabled').click();
  assert.match(await problemOf(page), /access token/);
  await page.locator('#token').fill(service.admin('token', 'add', 'tess', '--quiet'));
  await page.locator('#token-form button').click();
  await ready(page);
  assert.equal(await ask(page), '7');
  checkConsole(page);
  await page.context().close();
}

const TESTS = { mouse, phone, keyboard, files, slow, trouble };
const world = new World();
const seconds = (begin) => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
try {
  const begin = performance.now();
  await world.start(bin, project, work);
  console.log(`the service is up after ${seconds(begin)}`);
  for (const name of chosen) {
    const begun = performance.now();
    await TESTS[name](world);
    console.log(`${name}: passed in ${seconds(begun)}`);
  }
} finally {
  await world.stop();
}
