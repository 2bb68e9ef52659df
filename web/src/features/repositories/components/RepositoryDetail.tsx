/** One repository: its name, what is attached, its keys, and the way to delete it. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { PageHead } from '../../../ui/PageHead.tsx';
import { useChangeRepository } from '../api/repositories.ts';
import { AttachedConnections } from './AttachedConnections.tsx';
import { DeleteRepository } from './DeleteRepository.tsx';
import { RepositoryForm } from './RepositoryForm.tsx';
import classes from './repositories.module.css';

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
          <div className={classes['buttons']}>
            <Button variant="default" onClick={() => setRenaming(true)}>
              {t('rename')}
            </Button>
            <Button variant="default" onClick={() => setDeleting(true)}>
              {t('delete')}
            </Button>
          </div>
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
  const announce = useAnnounce();
  const change = useChangeRepository(repository);
  const save = (name: string): void =>
    change.mutate(
      { name },
      {
        onSuccess: () => {
          announce(t('saved', { name }));
          onClose();
          document.getElementById('page-title')?.focus();
        },
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
