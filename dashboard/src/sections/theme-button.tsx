import { changeTheme, useIsDark } from '../state/theme.ts';

/** Changes between light and dark. */
export function ThemeButton() {
  const isDark = useIsDark();
  const label = isDark ? 'Light colors' : 'Dark colors';
  return (
    <button
      type="button"
      class="button button-icon"
      aria-label={label}
      title={label}
      onClick={() => changeTheme(!isDark)}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        {isDark ? (
          <path d="M8 4.5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM7.3 0h1.4v2.6H7.3zM7.3 13.4h1.4V16H7.3zM0 7.3h2.6v1.4H0zM13.4 7.3H16v1.4h-2.6zM1.9 2.9l1-1 1.8 1.9-1 1zM11.3 12.2l1-1 1.8 1.9-1 1zM2.9 14.1l-1-1 1.8-1.9 1 1zM12.3 4.8l-1-1 1.8-1.9 1 1z" />
        ) : (
          <path d="M6.2 1.1a7 7 0 108.7 8.7A6 6 0 016.2 1.1z" />
        )}
      </svg>
    </button>
  );
}
