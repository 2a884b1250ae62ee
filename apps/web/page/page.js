// The page: what is shown and pressed. Keys, encryption and requests are the worker's.
import { Drawing } from './drawing.js';
import { picture, prepare, readsDigits, scaled, takesPictures } from './preprocess.js';
import { showAnswer } from './answer.js';
import { bytesText } from './text.js';
import { takeToken, keepToken } from './token.js';

const $ = (id) => document.getElementById(id);
const say = (text) => {
  $('status').textContent = text;
};

const STEPS = {
  keys: 'Making a key. This happens once for a model and takes some seconds…',
  upload: 'Sending the evaluation keys. The secret key stays here…',
  encrypt: 'Encrypting the picture…',
  server: 'The server computes on the ciphertext…',
  decrypt: 'Decrypting the answer…',
};

// Calls to the worker by number.
const worker = new Worker('worker.js', { type: 'module' });
const waiting = new Map();
function call(name, input = {}) {
  const id = waiting.size === 0 ? 1 : Math.max(...waiting.keys()) + 1;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, name, input });
  });
}
worker.onmessage = ({ data }) => {
  if (data.event !== undefined) {
    onEvent(data);
    return;
  }
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.problem) reject(data.problem);
  else resolve(data.output);
};
worker.onerror = () => showProblem({ message: 'This browser cannot run the encryption library.' });

function onEvent({ event, step, bytes, total, seconds }) {
  if (event === 'step') {
    say(STEPS[step]);
    $('upload').hidden = step !== 'upload';
  } else if (event === 'upload') {
    $('upload-bar').value = bytes / total;
    $('upload-text').textContent = `${bytesText(bytes)} of ${bytesText(total)}`;
  } else if (event === 'wait') {
    say(`The server is busy or out of reach. Trying again in ${seconds} s…`);
  }
}

let model; // description of the chosen one
let shares; // what will be encrypted, in shares of 1
let busy = false;

function showProblem({ kind, message }) {
  $('problem').hidden = false;
  $('problem').textContent = message;
  $('upload').hidden = true;
  say('');
  if (kind === 'token') {
    $('access').hidden = false;
    $('token').focus();
  }
}

// Runs one thing at a time and shows what went wrong.
async function run(work) {
  if (busy) return;
  busy = true;
  $('problem').hidden = true;
  refresh();
  try {
    await work();
  } catch (problem) {
    showProblem(problem);
  } finally {
    busy = false;
    refresh();
  }
}

function refresh() {
  const usable = model !== undefined && takesPictures(model);
  $('ask').disabled = busy || !usable || drawing.empty;
  $('forget').disabled = busy || !model?.hasKey;
  $('model').disabled = busy || $('model').options.length === 0;
}

function showKeyState() {
  $('key-state').textContent = model.hasKey
    ? 'A key for this model is stored in this browser. Forgetting it makes what was encrypted ' +
      'under it unreadable, and the next question makes a new one.'
    : 'There is no key for this model on this device yet. The first question makes one and sends ' +
      'the server its evaluation keys.';
}

function read() {
  if (model === undefined || !takesPictures(model)) return;
  const reading = $('reading').hidden ? 'digit' : $('reading').value;
  shares = prepare(drawing.pixels(), model, reading);
  const preview = $('preview');
  const image = picture(shares, model);
  [preview.width, preview.height] = [image.width, image.height];
  preview.getContext('2d').putImageData(image, 0, 0);
}

let reading;
const drawing = new Drawing($('board'), $('pen'), {
  onChange() {
    reading ??= requestAnimationFrame(() => {
      reading = undefined;
      read();
      refresh();
    });
  },
  onAsk: () => ask(),
  onSay: say,
});

async function openModel() {
  say('Loading the model’s description…');
  $('answer').hidden = true;
  model = undefined;
  model = await call('open', { name: $('model').value });
  $('about-model').textContent =
    `${model.input_shape.join(' × ')} numbers in, ${model.outputs} classes out. ` +
    `CKKS ring dimension ${model.n}, log QP ${Math.round(model.log_qp)}: ` +
    `${model.security_bits}-bit security.`;
  $('reading').value = readsDigits(model) ? 'digit' : 'whole';
  $('reading').hidden = readsDigits(model);
  showKeyState();
  read();
  say(
    takesPictures(model)
      ? 'Ready. Draw something, then ask.'
      : 'This model takes numbers that are no picture: use the command line client for it.',
  );
}

async function listModels() {
  say('Asking the server for its models…');
  const models = await call('models');
  $('access').hidden = true;
  const select = $('model');
  select.replaceChildren(...models.map(({ name }) => new Option(name, name)));
  if (models.length === 0) {
    say('This server offers no models for inference.');
    return;
  }
  await openModel();
}

function ask() {
  if ($('ask').disabled) return;
  run(async () => {
    $('answer').hidden = true;
    cancelAnimationFrame(reading);
    reading = undefined;
    read();
    $('answer-title').scrollIntoView({ block: 'nearest' }); // below the board on phones
    const pixels = Float32Array.from(scaled(shares, model));
    const result = await call('ask', { pixels });
    model.hasKey = true;
    showKeyState();
    const label = showAnswer(result, model);
    say(`Done. The model says ${label}.`);
  });
}

async function openFile(file) {
  if (file === undefined) return;
  try {
    const image = await createImageBitmap(file);
    drawing.show(image);
    $('problem').hidden = true;
    $('reading').hidden = false;
    read();
    refresh();
    say('The picture is on the board. It has not been sent.');
  } catch {
    showProblem({ message: `${file.name} is not a picture that this browser can read.` });
  }
}

$('ask').addEventListener('click', ask);
$('clear').addEventListener('click', () => {
  drawing.clear();
  $('reading').hidden = model !== undefined && readsDigits(model);
  $('reading').value = model !== undefined && !readsDigits(model) ? 'whole' : 'digit';
  say('Board cleared.');
});
$('reading').addEventListener('change', read);
$('model').addEventListener('change', () => run(openModel));
$('forget').addEventListener('click', () =>
  run(async () => {
    model = await call('forgetKey');
    showKeyState();
    say('The key is forgotten.');
  }),
);
$('file').addEventListener('change', ({ target }) => {
  openFile(target.files[0]);
  target.value = '';
});
$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  run(async () => {
    const token = $('token').value.trim();
    $('token').value = '';
    keepToken(token);
    await call('setToken', { token });
    await listModels();
  });
});

for (const kind of ['dragover', 'dragleave', 'drop']) {
  $('drop').addEventListener(kind, (event) => {
    event.preventDefault();
    $('drop').classList.toggle('dropping', kind === 'dragover');
    if (kind === 'drop') openFile(event.dataTransfer.files[0]);
  });
}

run(async () => {
  await call('setToken', { token: takeToken() });
  await listModels();
});
