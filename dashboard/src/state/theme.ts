import { useEffect, useState } from 'preact/hooks';

const NAME = 'processor.theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

function isDarkNow(): boolean {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === undefined ? prefersDark.matches : chosen === 'dark';
}

/** Whether the page is dark, by choice or by what the system prefers; draws anew when that changes. */
export function useIsDark(): boolean {
  const [isDark, setIsDark] = useState(isDarkNow);
  useEffect(() => {
    const look = (): void => setIsDark(isDarkNow());
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    prefersDark.addEventListener('change', look);
    return () => {
      observer.disconnect();
      prefersDark.removeEventListener('change', look);
    };
  }, []);
  return isDark;
}

/** Changes between light and dark. A choice that the system would make as well is none. */
export function changeTheme(isDark: boolean): void {
  const { dataset } = document.documentElement;
  if (isDark === prefersDark.matches) {
    delete dataset['theme'];
    localStorage.removeItem(NAME);
  } else {
    const theme = isDark ? 'dark' : 'light';
    dataset['theme'] = theme;
    localStorage.setItem(NAME, theme);
  }
}
