/** The first request with a new key, in the three languages that most people ask in. Nothing in it is translated. */
import { Tabs } from '@mantine/core';
import '@mantine/core/styles/Tabs.layer.css';
import { useTranslations } from 'use-intl';
import { basePath } from '../../../lib/page.ts';
import classes from './KeySnippets.module.css';

const hello = 'Hello';

function snippetsOf(key: string, model: string): { id: string; name: string; text: string }[] {
  const base = new URL('v1', new URL(basePath, location.origin)).href;
  return [
    {
      id: 'curl',
      name: 'curl',
      text: [
        `curl ${base}/chat/completions \\`,
        `  -H "Authorization: Bearer ${key}" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '{"model": "${model}", "messages": [{"role": "user", "content": "${hello}"}]}'`,
      ].join('\n'),
    },
    {
      id: 'typescript',
      name: 'TypeScript',
      text: [
        `import OpenAI from 'openai';`,
        ``,
        `const client = new OpenAI({ baseURL: '${base}', apiKey: '${key}' });`,
        `const answer = await client.chat.completions.create({`,
        `  model: '${model}',`,
        `  messages: [{ role: 'user', content: '${hello}' }],`,
        `});`,
      ].join('\n'),
    },
    {
      id: 'python',
      name: 'Python',
      text: [
        `from openai import OpenAI`,
        ``,
        `client = OpenAI(base_url="${base}", api_key="${key}")`,
        `answer = client.chat.completions.create(`,
        `    model="${model}",`,
        `    messages=[{"role": "user", "content": "${hello}"}],`,
        `)`,
      ].join('\n'),
    },
  ];
}

export function KeySnippets({ secret, models }: { secret: string; models: readonly string[] | null }) {
  const t = useTranslations('keys');
  const snippets = snippetsOf(secret, models?.find((name) => !name.endsWith('*')) ?? 'gpt-4o');
  return (
    <Tabs defaultValue="curl" keepMounted={false}>
      <Tabs.List aria-label={t('snippets')}>
        {snippets.map(({ id, name }) => (
          <Tabs.Tab key={id} value={id}>
            {name}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {snippets.map(({ id, text }) => (
        <Tabs.Panel key={id} value={id} tabIndex={0}>
          <pre className={classes['snippet']}>{text}</pre>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
