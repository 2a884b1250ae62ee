// From pixels to what a model takes: numbers in its range, channel after channel, row after row.

// Ink fainter than this, of 1, is not part of a digit.
const FAINT = 0.1;
// MNIST's digits are scaled to fit 20 of its 28 pixels; very small inputs have no such margin.
const DIGIT_SHARE = 20 / 28;
const SMALL = 16;

/** A grey plane { width, height, values } of one channel or of the mean, values in 0…1. */
function plane(image, channel) {
  const { width, height, data } = image;
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i += 1) {
    const [r, g, b] = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    const level = channel === undefined ? 0.299 * r + 0.587 * g + 0.114 * b : [r, g, b][channel];
    values[i] = level / 255;
  }
  return { width, height, values };
}

// The mean over each target pixel's area of the box (x, y, w, h) of the source.
function resample(source, box, width, height) {
  const values = new Float32Array(width * height);
  const weights = (begin, size, count, limit) =>
    Array.from({ length: count }, (_, i) => {
      const [from, to] = [begin + (i * size) / count, begin + ((i + 1) * size) / count];
      const parts = [];
      for (let k = Math.floor(from); k < Math.min(Math.ceil(to), limit); k += 1) {
        parts.push([k, (Math.min(to, k + 1) - Math.max(from, k)) / (to - from)]);
      }
      return parts;
    });
  const columns = weights(box.x, box.w, width, source.width);
  const rows = weights(box.y, box.h, height, source.height);
  rows.forEach((row, y) =>
    columns.forEach((column, x) => {
      let sum = 0;
      for (const [sy, wy] of row) {
        for (const [sx, wx] of column) sum += wy * wx * source.values[sy * source.width + sx];
      }
      values[y * width + x] = sum;
    }),
  );
  return { width, height, values };
}

// The middle level of a plane's edge.
function paper({ width, height, values }) {
  const edge = [];
  for (let x = 0; x < width; x += 1) edge.push(values[x], values[(height - 1) * width + x]);
  for (let y = 0; y < height; y += 1) edge.push(values[y * width], values[y * width + width - 1]);
  edge.sort((a, b) => a - b);
  return edge[Math.floor(edge.length / 2)];
}

/** What a picture is written on, as far as its edge tells: 0…255. */
export function paperLevel(image) {
  return Math.round(255 * paper(plane(image)));
}

// Light ink on black: paper that is light at its edge is inverted, and the edge's level taken off.
function ink(source) {
  const { width, height, values } = source;
  const level = paper(source);
  const sign = level > 0.5 ? -1 : 1;
  const lifted = values.map((v) => Math.max(0, sign * (v - level)));
  const most = lifted.reduce((a, b) => Math.max(a, b), 0);
  return { width, height, values: most > FAINT ? lifted.map((v) => v / most) : lifted.fill(0) };
}

function boundingBox({ width, height, values }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  values.forEach((value, i) => {
    if (value < FAINT) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  });
  return right < 0 ? null : { x: left, y: top, w: right - left + 1, h: bottom - top + 1 };
}

function centreOfMass({ width, height, values }) {
  let [sum, sx, sy] = [0, 0, 0];
  values.forEach((value, i) => {
    sum += value;
    sx += value * ((i % width) + 0.5);
    sy += value * (Math.floor(i / width) + 0.5);
  });
  return sum === 0 ? { x: width / 2, y: height / 2 } : { x: sx / sum, y: sy / sum };
}

// As MNIST was made: the longer side scaled to 20 pixels, the centre of mass in the middle.
function centredDigit(source, width, height) {
  const clean = ink(source);
  const box = boundingBox(clean);
  const out = new Float32Array(width * height);
  if (box === null) return out;
  const small = Math.min(width, height) < SMALL;
  const longest = Math.min(width, height) * (small ? 1 : DIGIT_SHARE);
  const scale = longest / Math.max(box.w, box.h);
  const size = (side) => Math.max(1, Math.round(side * scale));
  const digit = resample(clean, box, size(box.w), size(box.h));
  const middle = small ? { x: digit.width / 2, y: digit.height / 2 } : centreOfMass(digit);
  const [left, top] = [Math.round(width / 2 - middle.x), Math.round(height / 2 - middle.y)];
  digit.values.forEach((value, i) => {
    const [x, y] = [left + (i % digit.width), top + Math.floor(i / digit.width)];
    if (x >= 0 && x < width && y >= 0 && y < height) out[y * width + x] = value;
  });
  return out;
}

/** Whether a model takes pictures: C, H, W with one channel or three. */
export function takesPictures({ input_shape: shape }) {
  return shape.length === 3 && (shape[0] === 1 || shape[0] === 3);
}

/** Whether a model reads handwritten digits, as far as its description says. */
export function readsDigits({ input_shape: shape, classes }) {
  return shape[0] === 1 && classes.length === 10 && classes.every((name, i) => name === String(i));
}

/** ImageData to shares of 1, C x H x W; reading is 'digit' or 'whole'. */
export function prepare(image, { input_shape: [channels, height, width] }, reading) {
  const out = new Float32Array(channels * height * width);
  for (let c = 0; c < channels; c += 1) {
    const source = plane(image, channels === 1 ? undefined : c);
    const whole = { x: 0, y: 0, w: image.width, h: image.height };
    const values =
      reading === 'digit'
        ? centredDigit(source, width, height)
        : resample(source, whole, width, height).values;
    out.set(values, c * height * width);
  }
  return out;
}

/** Shares of 1 to a model's range. */
export function scaled(shares, { input_low: low, input_high: high }) {
  return shares.map((share) => Math.min(Math.max(low + share * (high - low), low), high));
}

/** What `prepare` made, as ImageData. */
export function picture(shares, { input_shape: [channels, height, width] }) {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) {
      image.data[4 * i + c] = 255 * shares[(channels === 1 ? 0 : c) * width * height + i];
    }
    image.data[4 * i + 3] = 255;
  }
  return image;
}
