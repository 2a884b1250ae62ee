// A decrypted answer on the page: the label, a bar for every class, what was sent, the times.
import { bytesText, hexText, secondsText } from './text.js';

const $ = (id) => document.getElementById(id);

const TIMES = [
  ['keys', 'Making your keys (once)'],
  ['upload', 'Sending the evaluation keys (once)'],
  ['encrypt', 'Encryption, here'],
  ['server', 'Server, there and back'],
  ['compute', 'of it computing on the ciphertext'],
  ['decrypt', 'Decryption, here'],
];

function element(name, text = '', attributes = {}) {
  const node = document.createElement(name);
  node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// A network that ended with a softmax leaves it to the client.
function softmax(scores) {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

function bar(share) {
  const node = element('div', '', { class: 'bar' });
  node.style.width = `${Math.max(0, Math.round(100 * share))}%`;
  return node;
}

function row(name, share, text, best) {
  const node = element('tr', '', best ? { class: 'best' } : {});
  const cell = element('td');
  cell.append(bar(share));
  node.append(element('th', name, { scope: 'row' }), cell, element('td', text));
  return node;
}

/** Fills the answer in; returns the label. */
export function showAnswer({ scores, seconds, sentBytes, firstBytes, receivedBytes }, model) {
  const numbers = model.softmax ? softmax([...scores]) : [...scores];
  const best = numbers.indexOf(Math.max(...numbers));
  const least = model.softmax ? 0 : Math.min(...numbers);
  const span = (model.softmax ? 1 : numbers[best]) - least || 1;
  const nameOf = (i) => model.classes[i] ?? String(i);
  const textOf = (v) => (model.softmax ? `${(100 * v).toFixed(1)} %` : v.toFixed(2));

  $('label').textContent = nameOf(best);
  $('bars').replaceChildren(
    ...numbers.map((v, i) => row(nameOf(i), (v - least) / span, textOf(v), i === best)),
  );
  $('sent').textContent =
    `One query of ${bytesText(sentBytes)}, a ciphertext; ${bytesText(receivedBytes)} came back. ` +
    'It begins:';
  $('sent-bytes').textContent = `${hexText(firstBytes)} …`;
  $('times').replaceChildren(
    ...TIMES.filter(([key]) => seconds[key] !== undefined).map(([key, text]) => {
      const line = element('tr');
      line.append(element('th', text, { scope: 'row' }), element('td', secondsText(seconds[key])));
      return line;
    }),
  );
  $('answer').hidden = false;
  return nameOf(best);
}
