/** Whether a server could listen at an address: tried, and given up again at once. */
import { createServer, type AddressInfo } from 'node:net';

/**
 * The port that several workers share, or one that is free where 0 was given. It is taken by one alone for a moment: workers would share it
 * with another installation's without a word. Rejects where anybody else has it.
 */
export function portAt(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      server.close(() => resolve(address.port));
    });
  });
}

/** Null where a server could, else the system's code, `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`. */
export const portFault = (host: string, port: number): Promise<string | null> =>
  portAt(host, port).then(
    () => null,
    (error: NodeJS.ErrnoException) => error.code ?? 'unknown reason',
  );
