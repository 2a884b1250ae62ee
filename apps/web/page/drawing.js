// A board to draw on: mouse, finger, pen, or keyboard. Light ink on black, as the models know it.
import { paperLevel } from './preprocess.js';

const INK = '#fff';
const WIDTH = 20; // of a stroke, on a board of 280
const STEP = 7; // of the keyboard's pen; with Shift four times as far
const MOVES = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Calls onChange() after strokes, onAsk() for Enter, onSay(text) with what a keyboard user should
 * hear. */
export class Drawing {
  constructor(board, overlay, { onChange, onAsk, onSay }) {
    this.board = board;
    this.overlay = overlay;
    this.context = board.getContext('2d', { willReadFrequently: true });
    this.on = { change: onChange, ask: onAsk, say: onSay };
    this.clear();
    this.#listenToPointer();
    this.#listenToKeys();
  }

  clear() {
    const { width, height } = this.board;
    this.context.fillStyle = '#000';
    this.context.fillRect(0, 0, width, height);
    this.empty = true;
    this.pen = { x: width / 2, y: height / 2, down: false };
    this.#showPen();
    this.on.change();
  }

  pixels() {
    const { width, height } = this.board;
    return this.context.getImageData(0, 0, width, height);
  }

  /** A picture as large as the board allows. What it leaves free is like its edge, or a white page
   * on a black board would be taken for ink. */
  show(image) {
    const { board, context } = this;
    const scale = Math.min(board.width / image.width, board.height / image.height);
    const side = (length) => Math.max(1, Math.round(length * scale));
    const [w, h] = [side(image.width), side(image.height)];
    const [x, y] = [Math.floor((board.width - w) / 2), Math.floor((board.height - h) / 2)];
    this.clear();
    context.imageSmoothingEnabled = scale < 1;
    context.fillStyle = '#fff'; // behind what is transparent
    context.fillRect(x, y, w, h);
    context.drawImage(image, x, y, w, h);
    const shown = context.getImageData(x, y, w, h);
    const level = paperLevel(shown);
    context.fillStyle = `rgb(${level} ${level} ${level})`;
    context.fillRect(0, 0, board.width, board.height);
    context.putImageData(shown, x, y);
    this.empty = false;
    this.on.change();
  }

  #line(from, to) {
    const { context } = this;
    context.strokeStyle = INK;
    context.lineWidth = WIDTH;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x + 0.01, to.y); // a line without length would be no dot
    context.stroke();
    this.empty = false;
    this.on.change();
  }

  #listenToPointer() {
    const { board } = this;
    const place = (event) => {
      const box = board.getBoundingClientRect();
      return {
        x: ((event.clientX - box.left) * board.width) / box.width,
        y: ((event.clientY - box.top) * board.height) / box.height,
      };
    };
    let at;
    board.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      board.setPointerCapture(event.pointerId);
      this.pen.down = false;
      at = place(event);
      this.#line(at, at);
    });
    board.addEventListener('pointermove', (event) => {
      if (at === undefined) return;
      for (const each of event.getCoalescedEvents?.() ?? [event]) {
        const next = place(each);
        this.#line(at, next);
        at = next;
      }
    });
    const lift = () => {
      at = undefined;
    };
    board.addEventListener('pointerup', lift);
    board.addEventListener('pointercancel', lift);
  }

  #listenToKeys() {
    const { board } = this;
    board.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (MOVES[event.key]) this.#move(MOVES[event.key], event.shiftKey);
      else if (event.key === ' ') this.#toggle();
      else if (event.key === 'Delete' || event.key === 'Backspace') this.#clearByKey();
      else if (event.key === 'Enter') this.on.ask();
      else return;
      event.preventDefault();
    });
    board.addEventListener('focus', () => this.#showPen());
    board.addEventListener('blur', () => this.#showPen());
  }

  #move([dx, dy], fast) {
    const step = STEP * (fast ? 4 : 1);
    const inside = (value, size) => Math.min(Math.max(value, 0), size);
    const next = {
      x: inside(this.pen.x + dx * step, this.board.width),
      y: inside(this.pen.y + dy * step, this.board.height),
    };
    if (this.pen.down) this.#line(this.pen, next);
    Object.assign(this.pen, next);
    this.#showPen();
  }

  #toggle() {
    this.pen.down = !this.pen.down;
    if (this.pen.down) this.#line(this.pen, this.pen);
    this.#showPen();
    this.on.say(this.pen.down ? 'Pen down' : 'Pen up');
  }

  #clearByKey() {
    this.clear();
    this.on.say('Board cleared');
  }

  // Where the keyboard's pen is: a ring, filled when it is down.
  #showPen() {
    const { overlay, pen } = this;
    const context = overlay.getContext('2d');
    context.clearRect(0, 0, overlay.width, overlay.height);
    if (!this.board.matches(':focus-visible')) return;
    context.beginPath();
    context.arc(pen.x, pen.y, WIDTH / 2, 0, 2 * Math.PI);
    context.lineWidth = 3;
    context.strokeStyle = '#ff9d2e';
    context.fillStyle = pen.down ? '#ff9d2e' : 'transparent';
    context.fill();
    context.stroke();
  }
}
