// Runs before the first paint, so that theme and language are right from the start; the policy of the page allows no inline script.
{
  let theme = null;
  let language = null;
  try {
    theme = localStorage.getItem('patchbay-theme');
    language = localStorage.getItem('patchbay-language');
  } catch {
    // Storage may be switched off; then the system decides.
  }
  const isDark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.mantineColorScheme = isDark ? 'dark' : 'light';
  language ??= navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'id' || tag === 'en') ?? 'en';
  document.documentElement.lang = language === 'id' ? 'id' : 'en';
}
