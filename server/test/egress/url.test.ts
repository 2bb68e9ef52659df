/** The save-time rule: one spelling per target, and nothing that a second parser could read otherwise. */
import { describe, expect, test } from 'vitest';
import { explicitPolicy } from '../../src/egress/allow.ts';
import { checkTargetUrl, EgressUrlError, type EgressUrlFault } from '../../src/egress/url.ts';

function reasonOf(text: string, list?: string): EgressUrlFault | 'accepted' {
  try {
    checkTargetUrl(text, list === undefined ? undefined : explicitPolicy(list));
    return 'accepted';
  } catch (error) {
    if (error instanceof EgressUrlError) return error.reason;
    throw error;
  }
}

describe('checkTargetUrl', () => {
  const same: [string, string][] = [
    ['https://api.openai.com', 'https://api.openai.com'],
    ['https://API.OpenAI.com/v1', 'https://api.openai.com'],
    ['HTTPS://api.openai.com:443/v1/', 'https://api.openai.com'],
    ['https://api.openai.com./v1', 'https://api.openai.com'],
    ['https://api.openai.com.:443', 'https://api.openai.com'],
    ['http://api.openai.com:80', 'http://api.openai.com'],
    ['http://127.1:8080', 'http://127.0.0.1:8080'],
    ['http://2130706433:8080', 'http://127.0.0.1:8080'],
    ['http://127.0.0.1.:8080', 'http://127.0.0.1:8080'],
    ['http://[0:0:0:0:0:0:0:1]:8080/', 'http://[::1]:8080'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example'],
  ];
  test.each(same)('%s has the origin %s', (text, origin) => {
    expect(checkTargetUrl(text).origin).toBe(origin);
    expect(checkTargetUrl(text).url.origin).toBe(origin);
    expect(checkTargetUrl(origin).origin).toBe(origin);
  });

  test('a look-alike name is shown in its plain form', () => {
    expect(checkTargetUrl('https://api.\u043epenai.com/v1').origin).toMatch(/^https:\/\/api\.xn--/);
  });

  test('the path is kept as it was typed', () => {
    expect(checkTargetUrl('https://h.example/openai/deployments/gpt-4o.1').url.pathname).toBe('/openai/deployments/gpt-4o.1');
    expect(checkTargetUrl('https://h.example/v1/..hidden/a..b').url.pathname).toBe('/v1/..hidden/a..b');
  });

  const refused: [string, EgressUrlFault][] = [
    ['', 'scheme'],
    ['api.openai.com', 'scheme'],
    ['//127.0.0.1/', 'scheme'],
    ['http:/127.0.0.1/', 'scheme'],
    ['http:127.0.0.1/', 'scheme'],
    ['http://', 'scheme'],
    ['http:///x', 'scheme'],
    ['ftp://127.0.0.1/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['gopher://127.0.0.1:6379/_INFO', 'scheme'],
    ['data:text/plain,hi', 'scheme'],
    ['javascript:alert(1)', 'scheme'],
    ['blob:http://x/y', 'scheme'],
    ['ws://127.0.0.1/', 'scheme'],
    ['wss://h.example/', 'scheme'],
    ['unix:/var/run/docker.sock', 'scheme'],
    ['http+unix://%2Fvar%2Frun%2Fdocker.sock/', 'scheme'],
    [' http://127.0.0.1/', 'characters'],
    ['http://127.0.0.1/ ', 'characters'],
    ['http://127.0.0.1\t/', 'characters'],
    ['http://127.0.0.1\n/', 'characters'],
    ['https://h.example/v1\r\nHost: evil', 'characters'],
    ['https://h.example/v1 HTTP/1.1', 'characters'],
    ['https://h.example/\u0000', 'characters'],
    ['https://h.example/\u007f', 'characters'],
    ['https://h.example/\u0085', 'characters'],
    ['https://h.example/\u2028', 'characters'],
    ['https://h.example/\u00a0', 'characters'],
    ['\ufeffhttps://h.example/', 'characters'],
    ['http:\\\\127.0.0.1\\', 'characters'],
    ['http://127.0.0.1\\@api.openai.com/', 'characters'],
    ['http://user:pass@api.openai.com/', 'credentials'],
    ['http://@api.openai.com/', 'credentials'],
    ['http://api.openai.com@127.0.0.1/', 'credentials'],
    ['http://api.openai.com%2f@127.0.0.1/', 'credentials'],
    ['http://api.openai.com:80@127.0.0.1:80/', 'credentials'],
    ['https://h.example/v1?x=', 'query'],
    ['https://h.example?', 'query'],
    ['http://127.0.0.1#@api.openai.com/', 'fragment'],
    ['https://h.example/v1#', 'fragment'],
    ['https://h.example/v1/../admin', 'dot_segments'],
    ['https://h.example/..', 'dot_segments'],
    ['https://h.example/v1/./x', 'dot_segments'],
    ['https://h.example/v1/%2e%2e/admin', 'dot_segments'],
    ['https://h.example/v1/.%2E', 'dot_segments'],
    ['https://h.example/%2E/', 'dot_segments'],
    ['http://h.example:65536/', 'not_a_url'],
    ['http://256.256.256.256/', 'not_a_url'],
    ['http://1.2.3.4.5/', 'not_a_url'],
    ['http://999999999999/', 'not_a_url'],
    ['http://[::1/', 'not_a_url'],
    ['http://[fe80::1%25eth0]/', 'not_a_url'],
    ['http://a%00b/', 'not_a_url'],
    ['http://a..b/', 'host'],
    ['http://a../', 'host'],
    ['http://.a/', 'host'],
    [`http://${'a'.repeat(64)}.example/`, 'host'],
    [`http://${'a.'.repeat(130)}example/`, 'host'],
    ['http://169.254.169.254/latest/meta-data/', 'forbidden_host'],
    ['http://169.254.169.254./', 'forbidden_host'],
    ['http://2852039166/', 'forbidden_host'],
    ['http://0xA9FEA9FE/', 'forbidden_host'],
    ['http://0251.0376.0251.0376/', 'forbidden_host'],
    ['http://[::ffff:a9fe:a9fe]/', 'forbidden_host'],
    ['http://0/', 'forbidden_host'],
    ['http://[::]/', 'forbidden_host'],
    ['http://metadata.google.internal/', 'forbidden_host'],
    ['http://METADATA.google.internal./', 'forbidden_host'],
    ['http://kubernetes.default.svc/', 'forbidden_host'],
    ['http://x.cluster.local:8000/', 'forbidden_host'],
    ['http://h.example:0/', 'port'],
    ['http://h.example:22/', 'port'],
    ['http://h.example:6379/', 'port'],
    ['https://h.example:27017/v1', 'port'],
    [`https://h.example/${'a'.repeat(2_048)}`, 'too_long'],
  ];
  test.each(refused)('%j is refused: %s', (text, reason) => expect(reasonOf(text)).toBe(reason));

  test('2048 characters are still accepted', () => {
    const text = 'https://h.example/'.padEnd(2_048, 'a');
    expect(reasonOf(text)).toBe('accepted');
    expect(reasonOf(`${text}a`)).toBe('too_long');
  });

  test('a dangerous port is accepted where the operator listed it for this host', () => {
    expect(reasonOf('http://search.lan:9200/', 'search.lan:9200')).toBe('accepted');
    expect(reasonOf('http://10.1.1.1:9200/', '10.0.0.0/8:9000-9300')).toBe('accepted');
    expect(reasonOf('http://other.lan:9200/', 'search.lan:9200')).toBe('port');
    expect(reasonOf('http://h.example:0/', 'h.example:*')).toBe('port');
  });

  test('the refusal never repeats the URL, which may hold a password', () => {
    for (const text of ['http://user:sk-CANARY@[bad', 'http://user:sk-CANARY@h.example/', 'https://h.example:99999/sk-CANARY']) {
      let thrown: unknown;
      try {
        checkTargetUrl(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(EgressUrlError);
      expect(everyWordOf(thrown)).not.toContain('CANARY');
    }
  });
});

function everyWordOf(thrown: unknown): string {
  const error = thrown as Error;
  return [error.name, error.message, JSON.stringify(error.cause ?? ''), JSON.stringify(error)].join('|');
}
