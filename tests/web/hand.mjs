// What a user's hand does: digits drawn with mouse and finger, or on paper and opened as a file.

// Lines of a digit on a board of 280.
const ellipse = Array.from({ length: 41 }, (_, i) => [
  140 + 55 * Math.sin((2 * Math.PI * i) / 40),
  140 - 85 * Math.cos((2 * Math.PI * i) / 40),
]);
export const DIGITS = {
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

export async function drawByMouse(page, points) {
  const place = await boardPlace(page);
  await page.mouse.move(...place(points[0]));
  await page.mouse.down();
  for (const point of points) await page.mouse.move(...place(point), { steps: 4 });
  await page.mouse.up();
}

export async function drawByFinger(page, points) {
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

/** A picture of dark ink, wider than high; on nothing if there is no paper. */
export async function pictureOf(page, points, paper) {
  const base64 = await page.evaluate(
    ([line, colour]) => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 420, height: 300 });
      const context = canvas.getContext('2d');
      if (colour) {
        context.fillStyle = colour;
        context.fillRect(0, 0, canvas.width, canvas.height);
      }
      context.strokeStyle = '#1b2a55';
      context.lineWidth = 18;
      context.lineCap = 'round';
      for (const [x, y] of line) context.lineTo(x + 70, y + 10);
      context.stroke();
      return canvas.toDataURL('image/png').split(',')[1];
    },
    [points, paper],
  );
  return Buffer.from(base64, 'base64');
}
