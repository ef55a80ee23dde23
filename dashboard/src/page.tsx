import type { PipelineInfo } from '../../src/http/api/types.ts';
import { ConnectionNotice } from './sections/connection-notice.tsx';
import { Keys } from './sections/keys/keys.tsx';
import { LeftOut } from './sections/left-out.tsx';
import { Overview } from './sections/overview.tsx';
import { PageHeader } from './sections/page-header.tsx';
import { Picture } from './sections/picture/picture.tsx';
import { StateSection } from './sections/state-section.tsx';
import { TokenForm } from './sections/token-form.tsx';
import { Traffic } from './sections/traffic/traffic.tsx';
import { OpenWindows } from './sections/open-windows.tsx';
import { Loading } from './parts/placeholder.tsx';
import { useConnection } from './state/page-context.ts';
import { useChoice } from './state/use-choice.ts';
import { useShownKeys } from './state/use-shown-keys.ts';
import { useResource } from './state/use-resource.ts';

/** The whole page. */
export function Page() {
  const { phase, status } = useConnection();
  const pipeline = useResource<PipelineInfo>('pipeline', { version: status?.history.version ?? null });
  const choice = useChoice(pipeline.data);
  const version = status?.history.version ?? 0;
  const shownKeys = useShownKeys(choice, version);
  const results = { pipeline: pipeline.data, choice, shownKeys, version };
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <PageHeader />
      <ConnectionNotice />
      <main id="content" class={phase === 'lost' ? 'is-stale' : ''}>
        {phase === 'locked' ? <TokenForm /> : null}
        {phase === 'connecting' ? <Loading what="what the processor tells" /> : null}
        {status === null ? null : (
          <>
            <Overview status={status} pipeline={pipeline.data} />
            <Traffic {...results} />
            <Keys {...results} />
            <Picture status={status} pipeline={pipeline.data} />
            <OpenWindows />
            <LeftOut status={status} />
            <StateSection status={status} />
          </>
        )}
      </main>
    </>
  );
}
