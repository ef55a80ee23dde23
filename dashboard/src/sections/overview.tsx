import type { ComponentChildren } from 'preact';
import type { PipelineInfo, RateHistory, Status } from '../../../src/http/api/types.ts';
import { Sparkline } from '../chart/sparkline.tsx';
import { formatCount, formatRate, formatSeconds, formatShare } from '../format/numbers.ts';
import { formatDay } from '../format/times.ts';
import { HealthMark } from '../parts/health-mark.tsx';
import { headlineOf } from '../state/headline.ts';
import { useConnection } from '../state/page-context.ts';
import { useResource } from '../state/use-resource.ts';

type Stretch = RateHistory['stretches'][number];

/** How the processor is, in a sentence and six numbers. */
export function Overview({ status, pipeline }: { readonly status: Status; readonly pipeline: PipelineInfo | null }) {
  const { phase } = useConnection();
  const { health, word, text } = headlineOf(status, pipeline?.source ?? null);
  const rates = useResource<RateHistory>('rates', { every: 2000 });
  const stretches = (rates.data?.stretches ?? []).slice(-120);
  const of = (pick: (stretch: Stretch) => number | null) => stretches.map(pick);
  const { counters, watermark_lag_seconds: lag } = status;
  const late = counters.dropped_late;
  return (
    <section id="overview" aria-labelledby="overview-title">
      <h2 id="overview-title" class="visually-hidden">
        Overview
      </h2>
      <p class="headline">
        <HealthMark health={phase === 'lost' ? 'unknown' : health} />
        <span>
          <strong>{phase === 'lost' ? 'When last heard:' : `${word}.`}</strong> {text}
        </span>
      </p>
      <dl class="tiles">
        <Tile title="Events in" value={formatRate(status.rates?.read)} trend={of(({ rates: r }) => r.read)}>
          {formatCount(counters.read)} in all
        </Tile>
        <Tile title="Results out" value={formatRate(status.rates?.delivered)} trend={of(({ rates: r }) => r.delivered)}>
          {formatCount(counters.fired)} in all
        </Tile>
        <LagTile lag={lag} watermark={status.watermark} trend={of((stretch) => stretch.watermark_lag_seconds)} />
        <Tile title="Open windows" value={formatCount(status.open_windows)}>
          {status.firing ? 'those that are over are firing' : 'counted per key'}
        </Tile>
        <Tile
          title="Too late"
          value={formatCount(late)}
          tone={late > 0 ? 'notable' : undefined}
          trend={of(({ rates: r }) => r.dropped_late)}
        >
          {formatShare(late, counters.assigned)}, counted per window
        </Tile>
        <Tile
          title="Rejected"
          value={formatCount(counters.rejected)}
          tone={counters.rejected > 0 ? 'notable' : undefined}
          trend={of(({ rates: r }) => r.rejected)}
        >
          {formatShare(counters.rejected, counters.read)} of what was read
        </Tile>
      </dl>
    </section>
  );
}

interface LagTileProps {
  readonly lag: number | null;
  readonly watermark: string | null;
  readonly trend: readonly (number | null)[];
}

function LagTile({ lag, watermark, trend }: LagTileProps) {
  const isOld = lag !== null && lag > 86_400 && watermark !== null;
  const note =
    lag === null
      ? 'no events yet, or none to come'
      : isOld
        ? 'old events are being read'
        : 'watermark behind the clock';
  return (
    <Tile title="Behind" value={isOld ? formatDay(watermark) : formatSeconds(lag)} trend={isOld ? [] : trend}>
      {note}
    </Tile>
  );
}

interface TileProps {
  readonly title: string;
  readonly value: string;
  readonly tone?: 'notable' | undefined;
  readonly trend?: readonly (number | null)[];
  readonly children: ComponentChildren;
}

function Tile({ title, value, tone, trend, children }: TileProps) {
  return (
    <div class={`tile${tone === undefined ? '' : ` tile-${tone}`}`}>
      <dt>{title}</dt>
      <dd class="tile-value">{value}</dd>
      <dd class="tile-note">{children}</dd>
      <dd class="tile-trend" aria-hidden="true">
        {trend === undefined ? null : <Sparkline values={trend} width={120} height={28} floor={0} isFluid />}
      </dd>
    </div>
  );
}
