import type { ComponentChildren } from 'preact';
import type { Partitions, PipelineInfo, Status } from '../../../../src/http/api/types.ts';
import { formatCount, formatRate, formatSeconds } from '../../format/numbers.ts';
import { formatMoment } from '../../format/times.ts';
import { Card } from '../../parts/card.tsx';
import { HealthMark, type Health } from '../../parts/health-mark.tsx';
import { Fetched } from '../../parts/placeholder.tsx';
import { useResource } from '../../state/use-resource.ts';
import { PartitionList } from './partition-list.tsx';

const REFRESH_MS = 2000;

/** The way of the data: source, partitions, engine, sinks, with what flows between them. */
export function Picture({ status, pipeline }: { readonly status: Status; readonly pipeline: PipelineInfo | null }) {
  const partitions = useResource<Partitions>('partitions?limit=500', { every: REFRESH_MS });
  const { rates, counters } = status;
  return (
    <Card id="picture" title="Pipeline" note="the way of the data">
      <div class="picture">
        <Stage title="Source" health={healthOf(status, 'source')} message={messageOf(status, 'source')}>
          <p class="stage-main">{pipeline?.source ?? '…'}</p>
          <p class="sub">{timeText(pipeline)}</p>
        </Stage>
        <Flow rate={formatRate(rates?.read)} label="events" isFlowing={(rates?.read ?? 0) > 0} />
        <Stage title={partitionsTitle(partitions.data)} isWide>
          <Fetched resource={partitions} what="partitions">
            {(answer) => <PartitionList partitions={answer} />}
          </Fetched>
        </Stage>
        <Flow
          rate={formatRate(rates === null ? null : Math.max(0, rates.read - rates.rejected))}
          label="decoded"
          isFlowing={(rates?.read ?? 0) > 0}
        />
        <Stage title="Engine" health={healthOf(status, 'engine')} message={messageOf(status, 'engine')}>
          <p class="stage-main">{formatCount(status.open_windows)} open windows</p>
          <p class="sub">{pipeline?.windows.map(({ description }) => description).join(', ')}</p>
          <p class="sub">
            {status.watermark === null
              ? 'no watermark'
              : `watermark ${formatMoment(status.watermark, Date.parse(status.time))}`}
          </p>
          <p class="sub">
            epoch {formatCount(status.epoch)}
            {status.firing ? ', windows are firing' : ''}
          </p>
        </Stage>
        <Flow rate={formatRate(rates?.delivered)} label="results" isFlowing={(rates?.delivered ?? 0) > 0} />
        <div class="stage-stack">
          {sinksOf(status, pipeline).map((name) => (
            <Stage
              key={name}
              title="Sink"
              health={healthOf(status, `sink:${name}`)}
              message={messageOf(status, `sink:${name}`)}
            >
              <p class="stage-main">{name}</p>
              <p class="sub">{sideText(name, counters)}</p>
            </Stage>
          ))}
        </div>
      </div>
    </Card>
  );
}

interface StageProps {
  readonly title: string;
  readonly health?: Health;
  readonly message?: string | null;
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

function Stage({ title, health, message = null, isWide = false, children }: StageProps) {
  return (
    <div class={`stage${isWide ? ' stage-wide' : ''}${message === null ? '' : ' stage-troubled'}`}>
      <h3>
        {health === undefined ? null : <HealthMark health={health} />}
        {title}
      </h3>
      {children}
      {message === null ? null : <p class="stage-message">{message}</p>}
    </div>
  );
}

function Flow({
  rate,
  label,
  isFlowing,
}: {
  readonly rate: string;
  readonly label: string;
  readonly isFlowing: boolean;
}) {
  return (
    <div class={`flow${isFlowing ? ' is-flowing' : ''}`}>
      <span class="flow-rate">{rate}</span>
      <span class="flow-line" aria-hidden="true" />
      <span class="sub">{label}</span>
    </div>
  );
}

function partitionsTitle(partitions: Partitions | null): string {
  if (partitions === null) return 'Partitions';
  return partitions.total === 1 ? '1 partition' : `${formatCount(partitions.total)} partitions`;
}

function timeText(pipeline: PipelineInfo | null): string {
  if (pipeline === null) return '';
  if (pipeline.time !== 'event') return `by ${pipeline.time} time`;
  const { disorder_seconds: disorder } = pipeline;
  return disorder === null ? 'by event time' : `up to ${formatSeconds(disorder)} out of order`;
}

function healthOf({ components }: Status, name: string): Health {
  return components.find((component) => component.name === name)?.status ?? 'unknown';
}

function messageOf({ components }: Status, name: string): string | null {
  return components.find((component) => component.name === name)?.message ?? null;
}

/** The sinks for results, and those beside them, by their names in the status. */
function sinksOf({ components }: Status, pipeline: PipelineInfo | null): readonly string[] {
  const open = components.flatMap(({ name }) => (name.startsWith('sink:') ? [name.slice('sink:'.length)] : []));
  return open.length > 0 ? open : (pipeline?.sinks ?? []);
}

function sideText(name: string, { rejected, skipped, dropped_late: late }: Status['counters']): string {
  if (name === 'dead_letters') return `${formatCount(rejected)} rejected records`;
  if (name === 'late_events') return `${formatCount(late)} late events`;
  return skipped > 0 ? `${formatCount(skipped)} left out` : 'takes every result';
}
