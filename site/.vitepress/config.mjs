/** The site: its navigation, and how its pages are drawn. */

const start = [
  { text: 'Quick start', link: '/quick-start' },
  { text: 'Guide', link: '/guide' },
  { text: 'Examples', link: '/examples/' },
  { text: 'All pages', link: '/overview' },
];
const howTo = [
  { text: 'Sources', link: '/sources' },
  { text: 'Kafka', link: '/kafka' },
  { text: 'Sinks for servers', link: '/sinks' },
  { text: 'Dashboard', link: '/dashboard' },
  { text: 'State and checkpoints', link: '/state' },
];
const operations = [
  { text: 'Running it', link: '/operations' },
  { text: 'Deployment', link: '/deployment' },
  { text: 'Metrics', link: '/metrics' },
  { text: 'Tracing', link: '/tracing' },
  { text: 'Errors', link: '/errors' },
];
const reference = [
  { text: 'Configuration', link: '/configuration' },
  { text: 'Command line', link: '/reference/command-line' },
  { text: 'API', link: '/reference/api' },
  { text: 'HTTP API', link: '/http-api' },
  { text: 'Exports', link: '/reference/exports' },
  { text: 'Quick reference', link: '/reference/quick-reference' },
];
const inside = [
  { text: 'Semantics', link: '/semantics' },
  { text: 'Reliability', link: '/reliability' },
  { text: 'Benchmarks', link: '/benchmarks' },
  { text: 'Comparison', link: '/comparison' },
  { text: 'Architecture', link: '/architecture' },
  { text: 'Decisions', link: '/adr/' },
  { text: 'Contributing', link: '/contributing' },
  { text: 'Security', link: '/security' },
  { text: 'Changes', link: '/changelog' },
];

export default {
  title: 'processor',
  description: 'Event-time stream processing for LLM operations, in one Node process.',
  cleanUrls: false,
  lastUpdated: false,
  ignoreDeadLinks: false,
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Quick start', link: '/quick-start' },
      { text: 'Guide', link: '/guide' },
      { text: 'Configuration', link: '/configuration' },
      { text: 'API', link: '/reference/api' },
    ],
    sidebar: [
      { text: 'Start', items: start },
      { text: 'How to', items: howTo },
      { text: 'Operations', items: operations },
      { text: 'Reference', items: reference },
      { text: 'Inside', items: inside },
    ],
  },
};
