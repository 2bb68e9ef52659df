/** The routing groups: what `model` says, how one is chosen, among whom, and whose it is. */
import type { RoutingGroupView } from '@patchbay/contract/routing';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Status, type Tone } from '../../../ui/Status.tsx';
import classes from './routing.module.css';

interface GroupTableProps {
  me: Me;
  groups: readonly RoutingGroupView[];
  onEdit: (group: RoutingGroupView) => void;
  onDelete: (group: RoutingGroupView) => void;
  onSimulate: (group: RoutingGroupView) => void;
}

type Target = RoutingGroupView['targets'][number];

/** Targets that a row names; the rest is a number. */
const namedMax = 3;

export function GroupTable({ me, groups, onEdit, onDelete, onSimulate }: GroupTableProps) {
  const t = useTranslations('routing');
  const ownerName = ({ scope, ownerId }: RoutingGroupView): string =>
    scope === 'user'
      ? t('ownerUser')
      : scope === 'organization'
        ? me.organization.name
        : (me.workspaces.find(({ id }) => id === ownerId)?.name ?? t('workspace'));
  const common = { variant: 'subtle', size: 'compact-sm' } as const;
  const columns: Column<RoutingGroupView>[] = [
    { key: 'name', head: t('name'), render: ({ name }) => <code className={classes['code']}>{name}</code> },
    { key: 'strategy', head: t('strategy'), render: ({ strategy }) => t(`strategyOf.${strategy}`) },
    { key: 'targets', head: t('targets'), render: ({ targets }) => <Targets targets={targets} /> },
    { key: 'owner', head: t('owner'), render: ownerName },
    { key: 'state', head: t('state'), render: (group) => <State of={group} /> },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (group) => (
        <span className="pb-deeds">
          <Button {...common} aria-label={t('simulateNamed', { name: group.name })} onClick={() => onSimulate(group)}>
            {t('simulate')}
          </Button>
          {group.canManage && (
            <>
              <Button {...common} aria-label={t('editNamed', { name: group.name })} onClick={() => onEdit(group)}>
                {t('edit')}
              </Button>
              <Button {...common} color="red" aria-label={t('deleteNamed', { name: group.name })} onClick={() => onDelete(group)}>
                {t('delete')}
              </Button>
            </>
          )}
        </span>
      ),
    },
  ];
  return (
    <DataTable
      label={t('table', { count: groups.length })}
      columns={columns}
      rows={groups}
      keyOf={({ id }) => id}
      isQuiet={({ isActive }) => !isActive}
    />
  );
}

function Targets({ targets }: { targets: readonly Target[] }) {
  const t = useTranslations('routing');
  const more = targets.length - namedMax;
  return (
    <span className={classes['targets']}>
      {targets.slice(0, namedMax).map((target) => (
        <span key={`${target.connectionId} ${target.effectiveModel}`}>
          {target.connectionName ?? t('gone')}
          {target.effectiveModel !== null && <span className={classes['quiet']}> · {target.effectiveModel}</span>}
        </span>
      ))}
      {more > 0 && <span className={classes['quiet']}>{t('more', { count: more })}</span>}
    </span>
  );
}

const isAsked = ({ isEnabled, state }: Target): boolean => isEnabled && (state === 'ready' || state === 'resting');

/** What a request that names it would meet now. */
function State({ of }: { of: RoutingGroupView }) {
  const t = useTranslations('routing');
  const asked = of.targets.filter(isAsked);
  const resting = asked.filter(({ state }) => state === 'resting').length;
  const [tone, text]: [Tone, string] = !of.isActive
    ? ['off', t('stateOff')]
    : asked.length === 0
      ? ['bad', t('stateNobody')]
      : resting > 0
        ? ['warn', t('stateResting', { count: resting })]
        : asked.length < of.targets.length
          ? ['warn', t('stateSome', { asked: asked.length, count: of.targets.length })]
          : ['ok', t('stateReady')];
  return <Status tone={tone} text={text} />;
}
