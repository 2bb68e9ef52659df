// Runs before the first paint, so that theme and language are right from the start; the policy of the page allows no inline script.
(() => {
  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage may be switched off; then the system decides.
    }
  };
  const theme = read('patchbay-theme');
  const isDark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.mantineColorScheme = isDark ? 'dark' : 'light';
  const language =
    read('patchbay-language') ?? navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'id' || tag === 'en');
  document.documentElement.lang = language === 'id' ? 'id' : 'en';
})();
