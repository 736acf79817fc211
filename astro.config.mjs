import node from '@astrojs/node';
import { defineConfig } from 'astro/config';
import { devServerPlugin } from './scripts/dev-server-plugin.mjs';

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  // Sessions, the origin check and static files are the server's; see src/http/.
  session: false,
  build: { client: './client', server: './pages', assets: '_astro', inlineStylesheets: 'never' },
  security: {
    checkOrigin: false,
    // Astro adds the hashes of its own scripts and styles.
    csp: {
      directives: [
        "default-src 'none'",
        "base-uri 'none'",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data: https:",
        "manifest-src 'self'",
        "media-src 'self' https:",
      ],
    },
  },
  image: { service: { entrypoint: 'astro/assets/services/noop' } },
  devToolbar: { enabled: false },
  // Ours is in src/web/text; Astro's would need inline styles.
  markdown: { syntaxHighlight: false },
  vite: {
    plugins: [devServerPlugin(), bundlePackages()],
    build: { assetsInlineLimit: 0 },
  },
});

/** Makes the build one self-contained bundle: the image then needs no packages but native ones. */
function bundlePackages() {
  return { name: 'opencodehub-bundle-packages', apply: 'build', config: () => ({ ssr: { noExternal: true } }) };
}
