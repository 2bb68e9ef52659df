/** The shared worker: one line to the server for all tabs of this browser, because a browser opens only six to one place. */
import { Line, type LineWish, type LineWord } from './line.ts';

const ports = new Set<MessagePort>();
const line = new Line((word: LineWord) => {
  for (const port of ports) port.postMessage(word);
});

function welcome(port: MessagePort): void {
  ports.add(port);
  port.addEventListener('message', ({ data }: MessageEvent<LineWish | { kind: 'leave' }>) => {
    if (data.kind !== 'leave') return line.wish(data);
    ports.delete(port);
    // The last page has gone; whoever comes next says who they are.
    if (ports.size === 0) line.wish({ kind: 'close' });
  });
  port.start();
}

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0];
  if (port) welcome(port);
});
