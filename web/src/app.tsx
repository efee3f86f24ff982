/** The frame of every page: bar on top, the page below, the list of keys when asked for. */
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { FlowsPage } from './pages/flows/flows-page.tsx';
import { HealthPage } from './pages/health/health-page.tsx';
import { LogsPage } from './pages/logs/logs-page.tsx';
import { MetricsPage } from './pages/metrics/metrics-page.tsx';
import { ServicesPage } from './pages/services/services-page.tsx';
import { SqlPage } from './pages/sql/sql-page.tsx';
import { TracePage } from './pages/trace/trace-page.tsx';
import { TracesPage } from './pages/traces/traces-page.tsx';
import { KeyHelp } from './parts/key-help.tsx';
import { Notice } from './parts/notice.tsx';
import { TopBar } from './parts/top-bar.tsx';
import { path } from './state/url.ts';

const pages: readonly [prefix: string, title: string, page: ComponentType][] = [
  ['/traces', 'Traces', TracesPage],
  ['/trace/', 'Trace', TracePage],
  ['/services', 'Services', ServicesPage],
  ['/flows', 'Flows', FlowsPage],
  ['/logs', 'Logs', LogsPage],
  ['/metrics', 'Metrics', MetricsPage],
  ['/sql', 'SQL', SqlPage],
  ['/health', 'Health', HealthPage],
];

export function App() {
  const at = path.value;
  const found = at === '/' ? pages[0] : pages.find(([prefix]) => at.startsWith(prefix));
  useEffect(() => {
    document.title = `${found?.[1] ?? 'Not found'} · otelcol-deepflow`;
  }, [found]);
  const Page = found?.[2] ?? NotFound;
  return (
    <>
      <TopBar />
      <main id="main">
        <Page />
      </main>
      <KeyHelp />
    </>
  );
}

function NotFound() {
  return (
    <Notice title="There is no such page">
      <p>
        Go to <a href="/traces">Traces</a>.
      </p>
    </Notice>
  );
}
