import type { Instruments } from '../../src/telemetry/instruments.ts';

/** Remembers what is measured: series by name and the values of their labels. */
export class Measurements implements Instruments {
  readonly counts = new Map<string, number>();
  readonly gauges = new Map<string, number | null>();
  readonly observed: { readonly name: string; readonly value: number }[] = [];

  count(name: string, labels: object, by: number): void {
    const series = [name, ...Object.values(labels)].join(' ');
    this.counts.set(series, (this.counts.get(series) ?? 0) + by);
  }

  set(name: string, labels: object, value: number | null): void {
    this.gauges.set([name, ...Object.values(labels)].join(' '), value);
  }

  observe(name: string, _labels: object, value: number): void {
    this.observed.push({ name, value });
  }
}
