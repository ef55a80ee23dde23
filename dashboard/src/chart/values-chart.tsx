import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatTick, type Unit } from '../format/numbers.ts';
import { useIsDark } from '../state/theme.ts';
import { dotsOf, type AlignedData } from './chart-data.ts';
import { faded, seriesColor } from './palette.ts';

/** How a line is drawn. */
export interface LineStyle {
  /** Which color: that of the n-th series. */
  readonly color: number;
  readonly width: number;
  /** Line and gap in turn, in pixels; none is a whole line. */
  readonly dash?: readonly number[];
  /** 0 to 1; lines beside the one that is looked at step back. */
  readonly opacity?: number;
}

/** What is drawn. */
export interface ValuesChartProps {
  readonly data: AlignedData;
  readonly lines: readonly LineStyle[];
  /** Pairs of lines that the room between is filled of. */
  readonly bands?: readonly (readonly [upper: number, lower: number])[];
  readonly kind: 'lines' | 'bars';
  readonly unit: Unit;
  readonly height: number;
  /** What the chart shows, in a sentence. */
  readonly label: string;
  /** Told the place in the times that the pointer is at; null where it has left. */
  readonly onCursor?: (place: number | null) => void;
}

const SYNC = 'values';

/** Numbers over time. What it shows is also to be had as a table, for those who do not see it. */
export function ValuesChart(props: ValuesChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const isDark = useIsDark();
  const { data, lines, bands, kind, unit, height, label } = props;
  const shape = JSON.stringify([lines, bands, kind, unit, height, isDark]);

  useEffect(() => {
    const { current: element } = host;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(latest, element, isDark), dataOf(latest.current), element);
    chart.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => chart.current?.setData(dataOf(latest.current)), [data]);

  return <div ref={host} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}

function dataOf({ data }: ValuesChartProps): uPlot.AlignedData {
  return [[...data.times], ...data.lines.map((line) => [...line])];
}

function optionsOf(
  latest: { readonly current: ValuesChartProps },
  element: HTMLElement,
  isDark: boolean,
): uPlot.Options {
  const { lines, bands = [], kind, unit, height } = latest.current;
  const css = getComputedStyle(document.documentElement);
  const ink = css.getPropertyValue('--ink-2').trim();
  const rule = { stroke: css.getPropertyValue('--rule').trim(), width: 1 };
  const axis = { stroke: ink, grid: rule, ticks: { ...rule, size: 4 }, font: '12px system-ui, sans-serif' };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: {
      y: false,
      points: { show: kind === 'lines' },
      drag: { x: false, y: false },
      sync: { key: SYNC },
    },
    padding: [8, 28, 0, 0],
    scales: {
      x: { range: (_, first, last) => withRoom(first, last, latest.current.data.times) },
      y: { range: (_, low, high) => rangeOf(low, high, kind) },
    },
    axes: [
      kind === 'bars'
        ? { ...axis, size: 6, values: () => [] }
        : { ...axis, size: 42, space: 72, values: (_, splits) => timeLabels(splits) },
      { ...axis, size: 64, space: 32, values: (_, splits) => splits.map((value) => formatTick(value, unit)) },
    ],
    series: [{}, ...lines.map((line, index) => seriesOf(line, index, kind, latest, isDark))],
    bands: bands.map(([upper, lower]) => ({
      series: [upper + 1, lower + 1],
      fill: faded(seriesColor(lines[upper]?.color ?? 0, isDark), 0.14),
    })),
    hooks: { setCursor: [(u) => latest.current.onCursor?.(u.cursor.idx ?? null)] },
  };
}

function seriesOf(
  { color, width, dash = [], opacity = 1 }: LineStyle,
  index: number,
  kind: ValuesChartProps['kind'],
  latest: { readonly current: ValuesChartProps },
  isDark: boolean,
): uPlot.Series {
  const stroke = faded(seriesColor(color, isDark), opacity);
  if (kind === 'bars') {
    const paths = uPlot.paths.bars?.({ size: [0.6, 60, 1], radius: 0.1 });
    return { stroke, width: 0, fill: stroke, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
  }
  const ground = getComputedStyle(document.documentElement).getPropertyValue('--surface').trim();
  return {
    stroke,
    width,
    ...(dash.length > 0 ? { dash: [...dash] } : {}),
    points: {
      show: true,
      size: 8,
      width: 2,
      stroke,
      fill: ground,
      filter: () => {
        const { lines, revised } = latest.current.data;
        return [...dotsOf(lines[index] ?? [], revised[index] ?? new Set())];
      },
    },
  };
}

/** Half a window of room on either side, so that what stands at the ends is whole. */
function withRoom(first: number, last: number, times: readonly number[]): [number, number] {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const step = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 60;
  return [first - step / 2, last + step / 2];
}

/** From nothing to a little above the highest; numbers below nothing have their own floor. */
function rangeOf(low: number | null, high: number | null, kind: ValuesChartProps['kind']): [number, number] {
  if (low === null || high === null) return [0, 1];
  const floor = Math.min(0, low);
  const room = kind === 'bars' ? 0.05 : 0.1;
  const top = high + (high - floor) * room;
  return [floor < 0 ? floor * (1 + room) : 0, top > floor ? top : floor + 1];
}

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const secs = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** Times as short as they can be told apart; the day stands at the first, and wherever it changes. */
function timeLabels(splits: readonly number[]): string[] {
  const step = (splits[1] ?? 0) - (splits[0] ?? 0);
  const format = step < 60 ? secs : hours;
  return splits.map((split, index) => {
    const at = new Date(split * 1000);
    const before = splits[index - 1];
    const isNewDay = before !== undefined && days.format(new Date(before * 1000)) !== days.format(at);
    const isOtherDay = index === 0 && days.format(at) !== days.format(new Date());
    return isNewDay || isOtherDay || step >= 86_400 ? `${days.format(at)}\n${format.format(at)}` : format.format(at);
  });
}
