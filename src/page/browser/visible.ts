/** Whether the page is visible, and code that runs when this changes. */

/** Whether the page is visible now. */
export function isVisible(): boolean {
  return document.visibilityState === 'visible';
}

/** Calls `run` now and whenever the page becomes visible or hidden. */
export function whileVisible(run: (visible: boolean) => void): void {
  const look = () => run(isVisible());
  document.addEventListener('visibilitychange', look);
  addEventListener('pageshow', look);
  // Not every browser reports a page as hidden when the visitor leaves it.
  addEventListener('pagehide', () => run(false));
  look();
}
