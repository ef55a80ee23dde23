/** All aggregates of the values of a window, which are put in order.
 * @param {number[]} values
 */
export function aggregate(values) {
  values.sort((a, b) => a - b);
  const count = values.length;
  let sum = 0;
  for (const value of values) sum += value;
  const average = sum / count;
  let squares = 0;
  for (const value of values) squares += (value - average) ** 2;
  const percentile = (/** @type {number} */ p) => values[Math.ceil((p * count) / 100) - 1];
  return {
    count,
    sum,
    average,
    min: values[0],
    max: values[count - 1],
    stddev: Math.sqrt(squares / count),
    p50: percentile(50),
    p95: percentile(95),
    p99: percentile(99),
  };
}
