/** Why a server could not listen at an address: tried, and given up again at once. */
import { createServer } from 'node:net';

/** Null where it could, else the system's code, `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`. */
export function portFault(host: string, port: number): Promise<string | null> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? 'unknown reason'));
    server.listen(port, host, () => server.close(() => done(null)));
  });
}
