const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 90;
const RIGHT = 24;
const TOP = 64;
const BOTTOM = 56;

/** Colours that can be told apart on white and on black, and by those who see no red or green. */
const COLOURS = ['#d55e00', '#2f8fd0'];
const GREY = '#808890';

/** A line of a chart: `y` over `x`, `x` above 0 and rising. */
export interface ChartLine {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What a chart shows; its x axis is logarithmic. */
export interface Chart {
  readonly title: string;
  /** What the x axis counts. */
  readonly x: string;
  readonly lines: readonly ChartLine[];
}

/** A chart as SVG, without a background: to be read on a light page and on a dark one. */
export function drawChart({ title, x: unit, lines }: Chart): string {
  const points = lines.flatMap((line) => line.points);
  const powers = points.map((point) => Math.log10(point.x));
  const [first, last] = [Math.floor(Math.min(...powers)), Math.ceil(Math.max(...powers))];
  const step = niceStep(Math.max(...points.map((point) => point.y)));
  const top = step * Math.ceil(Math.max(...points.map((point) => point.y)) / step);
  const xOf = (x: number): number =>
    LEFT + ((Math.log10(x) - first) / Math.max(1, last - first)) * (WIDTH - LEFT - RIGHT);
  const yOf = (y: number): number => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const parts = [text(LEFT, 24, title, 'start', ' font-size="16" font-weight="600"')];
  for (let y = 0; y <= top; y += step) {
    parts.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(yOf(y))}" y2="${round(yOf(y))}" stroke="${GREY}" stroke-opacity="0.35"/>`,
      text(LEFT - 10, yOf(y) + 4, y.toLocaleString('en'), 'end'),
    );
  }
  for (let power = first; power <= last; power += 1) {
    parts.push(text(xOf(10 ** power), HEIGHT - BOTTOM + 22, (10 ** power).toLocaleString('en'), 'middle'));
  }
  parts.push(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, unit, 'middle'));
  lines.forEach((line, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? GREY;
    const at = line.points.map(({ x, y }) => [round(xOf(x)), round(yOf(y))] as const);
    parts.push(
      `<polyline points="${at.map((pair) => pair.join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
    );
    for (const [x, y] of at) parts.push(`<circle cx="${x}" cy="${y}" r="4" fill="${colour}"/>`);
    parts.push(text(LEFT + i * 120, 46, `● ${line.name}`, 'start', '', colour));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="${title}">\n${parts.join('\n')}\n</svg>\n`;
}

/** 1, 2 or 5 times a power of ten: about five steps up to `top`. */
function niceStep(top: number): number {
  const power = 10 ** Math.floor(Math.log10(top / 5));
  return power * ([1, 2, 5, 10].find((each) => each * power >= top / 5) ?? 10);
}

function text(x: number, y: number, content: string, anchor: string, more = '', colour = GREY): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${colour}"${more}>${content}</text>`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
