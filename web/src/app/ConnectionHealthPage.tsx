/** The tab of `/connections/$id` about how it is: its checks, its tests, and how much its provider still allows. */
import { Headroom } from '../features/headroom/components/Headroom.tsx';
import { HealthPanel } from '../features/models/components/detail/HealthPanel.tsx';
import { useSubject } from './use-subject.ts';

export function ConnectionHealthPage() {
  const subject = useSubject();
  return <HealthPanel {...subject} limits={<Headroom {...subject} />} />;
}
