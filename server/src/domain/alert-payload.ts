/** How each kind of channel wants to be told: the body of one message, from the text that its reader gets. Pure. */
import type { ChannelSettings, Severity } from './alert.ts';
import type { AlertMessage, AlertText } from './alert-text.ts';

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character]!);

const colours: Record<Severity | 'resolved' | 'test', string> = {
  info: '#1971c2',
  warning: '#b35900',
  critical: '#c92a2a',
  resolved: '#2b8a3e',
  test: '#495057',
};

const toneOf = ({ event, alert }: AlertMessage): keyof typeof colours => (event === 'resolved' ? 'resolved' : (alert?.severity ?? 'test'));

/** Plain lines, as mail readers without HTML and chats show them. */
export const plainText = ({ title, lines, link }: AlertText): string => [title, '', ...lines, '', link.url].join('\n');

/** A mail that every reader draws alike: no picture, no script, nothing loaded from elsewhere. */
export function mailHtml(message: AlertMessage, text: AlertText, language: string): string {
  const colour = colours[toneOf(message)];
  const lines = text.lines.map((line) => `<p style="margin:0 0 8px">${escapeHtml(line)}</p>`).join('');
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><title>${escapeHtml(text.title)}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;color:#1a1b1e">
<div style="max-width:560px;margin:0 auto;background:#ffffff;border-radius:8px;border-top:4px solid ${colour};padding:24px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:1.3;color:${colour}">${escapeHtml(text.title)}</h1>${lines}
<p style="margin:16px 0 0"><a href="${escapeHtml(text.link.url)}" style="color:#1864ab">${escapeHtml(text.link.label)}</a></p>
</div><p style="max-width:560px;margin:12px auto 0;font-size:13px;color:#5c5f66">${escapeHtml(text.footer)}</p></body></html>`;
}

/** In mrkdwn `<`, `>` and `&` are commands: a name could mention everybody (docs.slack.dev, formatting message text). */
const slackText = (text: string): string => text.replaceAll(/[&<>]/g, (character) => escapes[character]!);

export const slackBody = (message: AlertMessage, text: AlertText): unknown => ({
  text: slackText(text.title),
  attachments: [
    {
      color: colours[toneOf(message)],
      fallback: slackText(text.title),
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: [`*${slackText(text.title)}*`, ...text.lines.map(slackText)].join('\n') } },
        { type: 'context', elements: [{ type: 'mrkdwn', text: `<${text.link.url}|${slackText(text.link.label)}>` }] },
      ],
    },
  ],
});

const teamsColours: Record<keyof typeof colours, string> = {
  info: 'accent',
  warning: 'warning',
  critical: 'attention',
  resolved: 'good',
  test: 'default',
};

/** Markdown would turn a name into a link or a picture. */
const teamsText = (text: string): string => text.replaceAll(/[\\[\]()*_~`>#!|-]/g, (character) => `\\${character}`);

/** An Adaptive Card, as workflows of Teams take it (learn.microsoft.com, create incoming webhooks with Workflows). */
export const teamsBody = (message: AlertMessage, text: AlertText): unknown => ({
  type: 'message',
  attachments: [
    {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: {
        $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
        type: 'AdaptiveCard',
        version: '1.4',
        body: [
          {
            type: 'TextBlock',
            size: 'medium',
            weight: 'bolder',
            wrap: true,
            color: teamsColours[toneOf(message)],
            text: teamsText(text.title),
          },
          ...text.lines.map((line) => ({ type: 'TextBlock', wrap: true, text: teamsText(line) })),
        ],
        actions: [{ type: 'Action.OpenUrl', title: text.link.label, url: text.link.url }],
      },
    },
  ],
});

/** Plain text without a parse mode: nothing in a name can become markup (core.telegram.org/bots/api#sendmessage). */
export const telegramBody = (chatId: string, text: AlertText): unknown => ({
  chat_id: chatId,
  text: plainText(text),
  link_preview_options: { is_disabled: true },
});

/** Gateways differ in the names of two fields and agree in the rest. */
export const whatsappBody = ({ to = '', toField = 'to', textField = 'message' }: ChannelSettings, text: AlertText): unknown => ({
  [toField]: to,
  [textField]: plainText(text),
});

/** What a program gets: raw numbers, and the sentence in the channel's language (standardwebhooks.com: type, timestamp, data). */
export const webhookBody = ({ event, alert, atMs, url }: AlertMessage, text: AlertText): unknown => ({
  type: `alert.${event}`,
  timestamp: new Date(atMs).toISOString(),
  data: {
    id: alert?.id ?? null,
    kind: alert?.kind ?? null,
    severity: alert?.severity ?? null,
    headline: text.title,
    subject: alert?.details.subject ?? null,
    reason: alert?.details.reason ?? null,
    value: alert?.details.value ?? null,
    limit: alert?.details.limit ?? null,
    connectionId: alert?.connectionId ?? null,
    ruleId: alert?.ruleId ?? null,
    ruleName: alert?.ruleName ?? null,
    startedAt: alert === null ? null : new Date(alert.atMs).toISOString(),
    resolvedAt: alert === null || alert.resolvedAtMs === null ? null : new Date(alert.resolvedAtMs).toISOString(),
    url,
  },
});
