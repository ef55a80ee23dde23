import { z } from 'zod';
import { positiveSecs, secs, setting, signedSecs } from './setting.ts';

/** The kinds of windows, in the order they are reported. */
export const WINDOW_TYPES = ['tumbling', 'sliding', 'session'] as const;

function allowedLateness() {
  return setting(secs().default(60), {
    description: 'How long after its end a window still takes late events and fires again.',
    unit: 'seconds',
  });
}

function offset(of: string) {
  return setting(signedSecs().default(0), {
    description: `Shifts the window boundaries from multiples of the ${of} since 1970 (UTC).`,
    unit: 'seconds',
    example: 3600,
  });
}

const tumbling = setting(
  z.strictObject({
    size_secs: setting(positiveSecs(), { description: 'Length of a window.', unit: 'seconds', example: 300 }),
    offset_secs: offset('size'),
    allowed_lateness_secs: allowedLateness(),
  }),
  { description: 'Fixed windows that touch but do not overlap.' },
);

const sliding = setting(
  z.strictObject({
    size_secs: setting(positiveSecs(), { description: 'Length of a window.', unit: 'seconds', example: 600 }),
    slide_secs: setting(positiveSecs(), {
      description: 'Time from the start of one window to that of the next. Longer than the size leaves gaps.',
      unit: 'seconds',
      example: 60,
    }),
    offset_secs: offset('slide'),
    allowed_lateness_secs: allowedLateness(),
  }),
  { description: 'Fixed windows that overlap.' },
);

const session = setting(
  z.strictObject({
    gap_secs: setting(positiveSecs(), {
      description: 'Silence that ends a session. Two events exactly this far apart are two sessions.',
      unit: 'seconds',
      example: 300,
    }),
    allowed_lateness_secs: allowedLateness(),
  }),
  { description: 'Windows of activity, as long as events keep coming.' },
);

const windowType = z.enum(WINDOW_TYPES);

/** `processor.windows`: the windows that events are gathered in. */
export const windowsSchema = setting(
  z.strictObject({
    default_type: setting(z.union([windowType, z.array(windowType).min(1)]).default('tumbling'), {
      description: 'The windows to compute: one type, or several in one pass. Each needs its section.',
      allowed: 'one of tumbling, sliding, session, or a list of them',
      example: ['tumbling', 'sliding'],
    }),
    late_rule: setting(z.enum(['event', 'window']).default('event'), {
      description:
        'Which late events a closed window takes: those within the lateness themselves (`event`), or all as long as the window is (`window`).',
    }),
    tumbling: tumbling.optional(),
    sliding: sliding.optional(),
    session: session.optional(),
  }),
  { description: 'The windows that events are gathered in. Without this section: tumbling, 300 seconds.' },
);

/** `processor.watermark`: when a window is taken to be complete. */
export const watermarkSchema = setting(
  z.strictObject({
    strategy: setting(z.enum(['bounded_out_of_orderness']).default('bounded_out_of_orderness'), {
      description: 'How watermarks are made: the highest event time seen, less the tolerated disorder.',
    }),
    max_out_of_orderness_secs: setting(secs().default(30), {
      description: 'How far out of order events of one partition may come and still be on time.',
      unit: 'seconds',
    }),
    emit_interval_secs: setting(secs().default(0), {
      description: 'Least time between two watermarks. 0 moves the watermark after every event.',
      unit: 'seconds',
      example: 10,
    }),
    idle_timeout_secs: setting(secs().default(60), {
      description:
        'How long a partition must be silent, with nothing left to read, before windows stop waiting for it.',
      unit: 'seconds',
    }),
  }),
  { description: 'When a window is taken to be complete.' },
);
