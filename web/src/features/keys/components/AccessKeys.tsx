/** All of the access keys' page below its head: the form, the key that was just made, the list, and its questions. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import type { Me } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useNow, useTranslations } from 'use-intl';
import { focusPageTitle } from '../../../lib/focus.ts';
import { useShown } from '../../../lib/use-shown.ts';
import { wanted } from '../../../lib/wanted.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { SecretReveal } from '../../../ui/SecretReveal.tsx';
import { keysQuery, useChangeKey, useCreateKey } from '../api/keys.ts';
import { RevokeQuestion, RotateQuestion } from './KeyQuestions.tsx';
import { KeyTable } from './KeyTable.tsx';

// The list comes first; form and commands come with the press that asks for them.
const KeyForm = lazy(async () => ({ default: (await wanted(() => import('./KeyForm.tsx'))).KeyForm }));
const KeySnippets = lazy(async () => ({ default: (await wanted(() => import('./KeySnippets.tsx'))).KeySnippets }));

interface AccessKeysProps {
  me: Me;
  isAdding: boolean;
  onAdd: (isAdding: boolean) => void;
  /** What else is limited of a key, below its form. */
  renderLimits?: (keyId: string) => ReactNode;
  /** The repository whose keys these are; left out, they are those that the person sees. */
  repository?: {
    id: string;
    canChange: boolean;
    /** A model that its keys reach, for the first request; null where nothing says which. */
    model: string | null;
  };
}

type Shown = { key: string; name: string; models: string[] | null; isNew: boolean };

export function AccessKeys({ me, isAdding, onAdd, renderLimits, repository }: AccessKeysProps) {
  const t = useTranslations('keys');
  const sayDone = useSayDone();
  const nowMs = useNow({ updateInterval: 30_000 }).getTime();
  const { data: keys, error, refetch } = useQuery(keysQuery(repository?.id ?? null));
  const { shown, ...secrets } = useShown<Shown>();
  const [editing, setEditing] = useState<AccessKeyView | null>(null);
  const [rotating, setRotating] = useState<AccessKeyView | null>(null);
  const [revoking, setRevoking] = useState<AccessKeyView | null>(null);
  if (!keys && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!keys) return <Loading />;
  if (shown) {
    const models = shown.models ?? (repository?.model ? [repository.model] : null);
    return <ShownKey key={shown.key} of={{ ...shown, models }} onDone={secrets.stored} />;
  }
  return (
    <>
      {isAdding && (
        <NewKey
          me={me}
          repositoryId={repository?.id ?? null}
          onClose={() => onAdd(false)}
          onCreated={(made) => {
            onAdd(false);
            secrets.show({ ...made, isNew: true });
          }}
        />
      )}
      {editing && (
        <EditKey
          key={editing.id}
          of={editing}
          limits={renderLimits?.(editing.id)}
          onClose={() => setEditing(null)}
          onSaved={(name) => {
            setEditing(null);
            sayDone(t('saved', { name }));
          }}
        />
      )}
      {keys.length === 0 && !isAdding && (
        <Empty title={t('emptyTitle')} text={t('emptyText')}>
          {!repository && <Button onClick={() => onAdd(true)}>{t('add')}</Button>}
        </Empty>
      )}
      {keys.length > 0 && (
        <KeyTable
          me={me}
          keys={keys}
          isReadOnly={repository?.canChange === false}
          nowMs={nowMs}
          onEdit={setEditing}
          onRotate={setRotating}
          onRevoke={setRevoking}
        />
      )}
      <RotateQuestion
        of={rotating}
        onClose={() => setRotating(null)}
        onRotated={(made) => {
          setRotating(null);
          secrets.show({ ...made, isNew: false });
        }}
      />
      <RevokeQuestion of={revoking} onClose={() => setRevoking(null)} onRevoked={(name) => sayDone(t('revokedNamed', { name }))} />
    </>
  );
}

function ShownKey({ of, onDone }: { of: Shown; onDone: () => void }) {
  const t = useTranslations('keys');
  const stored = (): void => {
    onDone();
    focusPageTitle();
  };
  return (
    <SecretReveal
      title={of.isNew ? t('created') : t('rotated')}
      label={t('secretLabel')}
      secret={of.key}
      storedLabel={t('stored')}
      onDone={stored}
    >
      <Suspense fallback={<Loading isAsked />}>
        <KeySnippets secret={of.key} models={of.models} />
      </Suspense>
    </SecretReveal>
  );
}

interface NewKeyProps {
  me: Me;
  repositoryId: string | null;
  onClose: () => void;
  onCreated: (made: AccessKeyView & { key: string }) => void;
}

function NewKey({ me, repositoryId, onClose, onCreated }: NewKeyProps) {
  const t = useTranslations('keys');
  const create = useCreateKey(onCreated);
  // A repository's key is of the repository's workspace.
  const writable = repositoryId === null ? me.workspaces.filter(({ role }) => role !== 'READ') : [];
  return (
    <Panel title={t('addTitle')} takesFocus>
      <SecretAwaited isPending={create.isPending} label={t('secretLabel')} />
      <Suspense fallback={<Loading isAsked />}>
        <KeyForm
          of={null}
          workspaces={writable}
          isPending={create.isPending}
          error={create.error}
          onSave={(input, workspaceId, onError) => create.mutate({ ...input, workspaceId, repositoryId }, { onError })}
          onCancel={onClose}
        />
      </Suspense>
    </Panel>
  );
}

interface EditKeyProps {
  of: AccessKeyView;
  limits: ReactNode;
  onClose: () => void;
  onSaved: (name: string) => void;
}

function EditKey({ of, limits, onClose, onSaved }: EditKeyProps) {
  const t = useTranslations('keys');
  const change = useChangeKey();
  return (
    <>
      <Panel title={t('editTitle', { name: of.name })} takesFocus>
        <Suspense fallback={<Loading isAsked />}>
          <KeyForm
            of={of}
            workspaces={[]}
            isPending={change.isPending}
            error={change.error}
            onSave={(input, _, onError) => change.mutate({ key: of, input }, { onSuccess: ({ name }) => onSaved(name), onError })}
            onCancel={onClose}
          />
        </Suspense>
      </Panel>
      {limits}
    </>
  );
}
