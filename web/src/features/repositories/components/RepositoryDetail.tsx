/** One repository: its name, what is attached, its keys, and the way to delete it. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { conflictOf } from '../../../lib/conflict.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { PageHead } from '../../../ui/PageHead.tsx';
import { useChangeRepository } from '../api/repositories.ts';
import { AttachedConnections } from './AttachedConnections.tsx';
import { DeleteRepository } from './DeleteRepository.tsx';
import { RepositoryForm } from './RepositoryForm.tsx';

interface RepositoryDetailProps {
  repository: RepositoryView;
  /** The list of its access keys. */
  children: ReactNode;
  onDeleted: () => void;
}

export function RepositoryDetail({ repository, children, onDeleted }: RepositoryDetailProps) {
  const t = useTranslations('repositories');
  const [isRenaming, setRenaming] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const { name, canChange } = repository;
  return (
    <>
      <PageHead title={name} text={t('detailText')}>
        {canChange && (
          <>
            <Button variant="default" onClick={() => setRenaming(true)}>
              {t('rename')}
            </Button>
            <Button variant="default" color="red" onClick={() => setDeleting(true)}>
              {t('delete')}
            </Button>
          </>
        )}
      </PageHead>
      {!canChange && (
        <Notice tone="info">
          <p>{t('readOnly')}</p>
        </Notice>
      )}
      {isRenaming && <Rename repository={repository} onClose={() => setRenaming(false)} />}
      <AttachedConnections repository={repository} />
      {children}
      <DeleteRepository of={isDeleting ? repository : null} onClose={() => setDeleting(false)} onDeleted={onDeleted} />
    </>
  );
}

function Rename({ repository, onClose }: { repository: RepositoryView; onClose: () => void }) {
  const t = useTranslations('repositories');
  const sayDone = useSayDone();
  // What was read when the form opened is what the change is made from; once somebody else's is told, what that has made of it.
  const [base, setBase] = useState(repository);
  const change = useChangeRepository(base);
  const save = (name: string): void =>
    change.mutate(
      { name },
      {
        onSuccess: () => {
          onClose();
          sayDone(t('saved', { name }));
        },
        onError: (error) => setBase(conflictOf<RepositoryView>(error)?.current ?? base),
      },
    );
  return (
    <RepositoryForm
      title={t('renameTitle', { name: repository.name })}
      name={repository.name}
      saveLabel={t('save')}
      isPending={change.isPending}
      error={change.error}
      onSave={save}
      onCancel={onClose}
    />
  );
}
