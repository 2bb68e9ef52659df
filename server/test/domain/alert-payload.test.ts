/** What each kind of channel is handed: the right shape, and nothing in a name that becomes a command, a link or markup. */
import { describe, expect, test } from 'vitest';
import { mailHtml, plainText, slackBody, teamsBody, telegramBody, webhookBody, whatsappBody } from '../../src/domain/alert-payload.ts';
import { textOf, type AlertMessage } from '../../src/domain/alert-text.ts';
import type { Alert } from '../../src/domain/alert.ts';

const atMs = Date.UTC(2026, 10, 21, 16, 45);
const evil = '<!channel> <script>alert(1)</script> [x](https://evil.example) & "q"';
const alert: Alert = {
  id: 'a1', atMs, ruleId: 'r1', ruleName: null, kind: 'error-rate', severity: 'critical', dedupKey: '', details: { subject: evil, value: 40, limit: 20, windowS: 300 },
  owner: { scope: 'organization', id: 'o1' }, connectionId: 'c1', acknowledgedAtMs: null, acknowledgedBy: null, note: null, notifiedAtMs: null, resolvedAtMs: null, resolvedBy: null, updatedAtMs: atMs,
}; // prettier-ignore
const message: AlertMessage = { event: 'firing', alert, atMs, url: 'https://patchbay.example.org/alerts' };
const text = textOf(message, { language: 'en', timeZone: 'UTC' });

describe('a message', () => {
  test('to a mail reader holds no markup of a name, and loads nothing', () => {
    const html = mailHtml(message, text, 'en');
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/<script|<img|src=|<link|url\(/);
    expect(html).toContain('<a href="https://patchbay.example.org/alerts"');
  });
  test('to Slack mentions nobody', () => {
    const body = JSON.stringify(slackBody(message, text));
    expect(body).not.toContain('<!channel>');
    expect(body).toContain('&lt;!channel&gt;');
    expect(JSON.parse(body)).toMatchObject({ attachments: [{ color: '#c92a2a', blocks: [{ type: 'section' }, { type: 'context' }] }] });
  });
  test('to Teams is an Adaptive Card whose names are words', () => {
    const body = teamsBody(message, text) as {
      attachments: { content: { body: { text: string; color?: string }[]; actions: unknown[] } }[];
    };
    const [card] = body.attachments;
    expect(card?.content.body[0]).toMatchObject({ color: 'attention' });
    expect(card?.content.body[0]?.text).toContain('\\[x\\]\\(https://evil.example\\)');
    expect(card?.content.actions).toEqual([{ type: 'Action.OpenUrl', title: 'Open in Patchbay', url: message.url }]);
  });
  test('to Telegram and to a gateway is plain text', () => {
    expect(telegramBody('-100', text)).toEqual({ chat_id: '-100', text: plainText(text), link_preview_options: { is_disabled: true } });
    expect(whatsappBody({ to: '62811', toField: 'target', textField: 'body' }, text)).toEqual({ target: '62811', body: plainText(text) });
    expect(whatsappBody({ to: '62811' }, text)).toEqual({ to: '62811', message: plainText(text) });
  });
  test('to a program has raw numbers and times in UTC', () => {
    expect(webhookBody({ ...message, event: 'resolved', alert: { ...alert, resolvedAtMs: atMs + 60_000 } }, text)).toEqual({
      type: 'alert.resolved',
      timestamp: '2026-11-21T16:45:00.000Z',
      data: {
        id: 'a1', kind: 'error-rate', severity: 'critical', headline: text.title, subject: evil, reason: null, value: 40, limit: 20, connectionId: 'c1', ruleId: 'r1', ruleName: null,
        startedAt: '2026-11-21T16:45:00.000Z', resolvedAt: '2026-11-21T16:46:00.000Z', url: message.url,
      },
    }); // prettier-ignore
    expect(webhookBody({ ...message, event: 'test', alert: null }, text)).toMatchObject({
      type: 'alert.test',
      data: { id: null, startedAt: null },
    });
  });
});
