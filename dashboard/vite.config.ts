import { defineConfig } from 'vite';

export default defineConfig({
  // Relative, so that the page can be served below a path.
  base: './',
  cacheDir: '../.cache/vite',
  build: {
    outDir: '../dist/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
