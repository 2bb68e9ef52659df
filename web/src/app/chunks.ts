/** A new version of Patchbay has other files: a page from before it that misses one of its own is loaded again, once. */

const place = 'patchbay-reloaded';
/** A second miss within this is no new version but a fault, and a page that reloads for ever helps nobody. */
const onceWithinMs = 60_000;

export function reloadOnceForMissingFiles(): void {
  addEventListener('vite:preloadError', (event) => {
    try {
      if (Date.now() - Number(sessionStorage.getItem(place) ?? 0) < onceWithinMs) return;
      sessionStorage.setItem(place, String(Date.now()));
    } catch {
      return;
    }
    event.preventDefault();
    location.reload();
  });
}
