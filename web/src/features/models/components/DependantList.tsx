/** What uses a connection, by kind and name. */
import { useTranslations } from 'use-intl';
import type { Dependant } from './use-switch-active.ts';

export function DependantList({ dependants }: { dependants: readonly Dependant[] }) {
  const t = useTranslations('connections');
  const kinds: Readonly<Record<string, string>> = {
    repository: t('usedByRepository'),
    use_case: t('usedByUseCase'),
    routing_group: t('usedByGroup'),
  };
  if (dependants.length === 0) return null;
  return (
    <ul>
      {dependants.map(({ kind, id, name, count = 1 }) => (
        <li key={`${kind} ${id ?? ''}`}>
          {kinds[kind] ?? kind}: {name ?? count}
        </li>
      ))}
    </ul>
  );
}
