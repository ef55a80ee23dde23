import type { OpenSpanStatus, OpenWindowStatus, StatusSnapshot } from '../runtime/status.ts';
import { formatDuration } from '../time/duration.ts';
import type { Instant, Millis } from '../time/instant.ts';
import type { PipelineOutline, WindowOutline } from './pipeline-outline.ts';
import { watermarkStanding, type WatermarkHolder, type WatermarkStanding } from './watermark-holder.ts';

/**
 * Why a window has not fired, or is still there.
 * - `not_running`: nothing is being read.
 * - `no_events`: a partition that the watermark waits for has not had an event yet.
 * - `watermark`: the watermark has not come to the end of the window.
 * - `all_idle`: no partition is active, so nothing moves the watermark.
 * - `due`: the watermark has passed its end, and it is about to fire.
 * - `fired`: it has fired, and is kept for late events.
 */
export type WindowReason = 'not_running' | 'no_events' | 'watermark' | 'all_idle' | 'due' | 'fired';

/** The open windows of one span of time, and why they have not fired. */
export interface WindowExplanation {
  /** Name of the window definition. */
  readonly name: string;
  readonly start: Instant;
  readonly end: Instant;
  /** How many keys have a window of this span. */
  readonly keys: number;
  /** One of them; null where nothing is grouped. */
  readonly key: string | null;
  readonly fired: boolean;
  readonly reason: WindowReason;
  /** The reason in a sentence or two, for a person. */
  readonly text: string;
  /** How far the watermark is from the end; 0 where it has passed it, null where there is none. */
  readonly remainingMs: Millis | null;
  /** Until which watermark it is kept for late events. */
  readonly keptUntil: Instant;
}

/** What an explanation is made from. */
export interface ExplainedRun extends Pick<StatusSnapshot, 'state' | 'watermark' | 'partitions' | 'components'> {
  readonly openSpans: readonly OpenSpanStatus[];
}

/** Why the open windows have not fired, in the order that they are given in. */
export function explainWindows(run: ExplainedRun, outline: PipelineOutline): readonly WindowExplanation[] {
  const standing = watermarkStanding(run);
  return run.openSpans.map(({ windows, ...span }) => {
    const definition = outline.windows.find(({ name }) => name === span.name);
    const { reason, text } = whyOpen(span, { run, standing, outline, definition });
    const { watermark } = standing;
    return {
      ...span,
      keys: windows,
      reason,
      text,
      remainingMs: watermark === -Infinity ? null : Math.max(0, span.end - watermark),
      keptUntil: span.end + (definition?.allowedLatenessMs ?? 0),
    };
  });
}

interface Grounds {
  readonly run: ExplainedRun;
  readonly standing: WatermarkStanding;
  readonly outline: PipelineOutline;
  readonly definition: WindowOutline | undefined;
}

interface Why {
  readonly reason: WindowReason;
  readonly text: string;
}

function whyOpen(window: OpenWindowStatus, grounds: Grounds): Why {
  const { run, standing } = grounds;
  const { watermark, holder } = standing;
  if (window.fired && watermark >= window.end) return { reason: 'fired', text: firedText(window, grounds) };
  if (run.state !== 'running') {
    return { reason: 'not_running', text: `Nothing is being read: the pipeline is ${run.state}.` };
  }
  const early = grounds.definition?.hasTrigger === true ? ' Its trigger may fire it before.' : '';
  if (watermark >= window.end) return { reason: 'due', text: dueText(run) };
  if (holder === null) return { reason: 'all_idle', text: `${idleText(window, grounds)}${early}` };
  if (holder.watermark === -Infinity) {
    return { reason: 'no_events', text: `${noEventsText(holder, grounds)}${early}` };
  }
  return { reason: 'watermark', text: `${watermarkText(window, holder, grounds)}${early}` };
}

function firedText({ end }: OpenWindowStatus, { standing, definition }: Grounds): string {
  const left = end + (definition?.allowedLatenessMs ?? 0) - standing.watermark;
  if (left <= 0) return 'It has fired, and goes with the next events.';
  return `It has fired, and is kept for late events until the watermark is ${about(left)} further on.`;
}

function dueText({ components }: ExplainedRun): string {
  const held = Object.entries(components).find(([, { status }]) => status !== 'ok');
  if (held === undefined) return 'Its time is over, and it is about to fire.';
  return `Its time is over. It waits for ${held[0]}: ${held[1].message ?? 'it does not answer'}.`;
}

function idleText({ end }: OpenWindowStatus, { standing, outline }: Grounds): string {
  const { watermark, idle, finished } = standing;
  if (idle.length === 0) return finished.length > 0 ? 'All partitions have ended.' : 'There is no partition to read.';
  const which = idle.length === 1 ? `Partition ${idle[0] ?? ''} is` : `All ${String(idle.length)} partitions are`;
  const left = watermark === -Infinity ? '' : ` It needs an event ${about(end - watermark)} further on.`;
  return `${which} silent, for longer than the ${spoken(outline.idleTimeoutMs)} of the idle timeout: nothing moves the watermark.${left}`;
}

function noEventsText(holder: WatermarkHolder, { outline }: Grounds): string {
  return `The watermark waits for partition ${holder.partition}, which has not had an event yet.${leftOutText(holder, outline)}`;
}

function watermarkText({ end }: OpenWindowStatus, holder: WatermarkHolder, { standing, outline }: Grounds): string {
  const { disorderMs } = outline;
  const behind = about(end - holder.watermark);
  const whose =
    standing.active === 1 ? `partition ${holder.partition}` : `partition ${holder.partition}, the furthest behind,`;
  const needed =
    disorderMs === null || disorderMs === 0
      ? ''
      : ` That is reached by an event ${spoken(disorderMs)} after the end, for so much disorder is allowed.`;
  return `The watermark of ${whose} is ${behind} before the end.${needed}${leftOutText(holder, outline)}`;
}

/** A length of time as people say it: tenths of a second count below ten of them, and nothing below a second above. */
function about(ms: Millis): string {
  if (ms < 10_000) return `${String(Math.round(ms / 100) / 10)} s`;
  return spoken(Math.round(ms / 1000) * 1000);
}

/** A length of time to the millisecond, with room between its parts: `1 m 30 s`. */
function spoken(ms: Millis): string {
  return formatDuration(ms).replaceAll(/(\d)(?=[a-z])|([a-z])(?=\d)/g, '$1$2 ');
}

/** When a silent partition stops holding the others up. */
function leftOutText({ caughtUp, silentMs }: WatermarkHolder, { idleTimeoutMs }: PipelineOutline): string {
  if (!caughtUp || silentMs < 1000) return '';
  const silent = `It has been silent for ${about(silentMs)}`;
  if (idleTimeoutMs === Infinity) return ` ${silent}, and is waited for however long that goes on.`;
  return ` ${silent}, and after ${spoken(idleTimeoutMs)} of it is waited for no longer.`;
}
