/** A small line of how a number has gone, without axes. */
export interface SparklineProps {
  /** Oldest first; null where there was none. */
  readonly values: readonly (number | null)[];
  readonly width: number;
  readonly height: number;
  /** The lowest that is drawn; default the least of the values. */
  readonly floor?: number;
  /** True to fill the width there is: the line is stretched, and has no dot at its end. */
  readonly isFluid?: boolean;
}

/** Draws it in the color of the text around. It says nothing that is not written beside it, and is hidden from readers. */
export function Sparkline({ values, width, height, floor, isFluid = false }: SparklineProps) {
  const numbers = values.filter((value) => value !== null);
  if (numbers.length < 2) return <svg class="sparkline" width={width} height={height} aria-hidden="true" />;
  const low = floor ?? Math.min(...numbers);
  const high = Math.max(...numbers);
  const x = (index: number): number => 1 + (index * (width - 4)) / (values.length - 1);
  const y = (value: number): number =>
    high === low
      ? floor === undefined
        ? height / 2
        : height - 2
      : height - 2 - ((value - low) * (height - 4)) / (high - low);
  let path = '';
  let isDown = false;
  for (const [index, value] of values.entries()) {
    if (value !== null) path += `${isDown ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    isDown = value !== null;
  }
  const last = values.findLastIndex((value) => value !== null);
  return (
    <svg
      class="sparkline"
      width={isFluid ? '100%' : width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio={isFluid ? 'none' : 'xMidYMid'}
      aria-hidden="true"
    >
      <path d={path} vector-effect="non-scaling-stroke" />
      {isFluid ? null : <circle cx={x(last)} cy={y(values[last] ?? low)} r="1.8" />}
    </svg>
  );
}
