/** The tabs of `/connections/$id` with what went through it: in short, and by day, model and failure. */
import { UsageDisplay } from '../features/models/components/detail/UsageDisplay.tsx';
import { UsagePanel } from '../features/models/components/detail/UsagePanel.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionOverviewPage() {
  return <UsageDisplay {...useSubject()} />;
}

export function ConnectionUsagePage() {
  return <UsagePanel {...useSubject()} />;
}
