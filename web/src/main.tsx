/** Starts the page: styles, global keys, and the view that the URL names. */
import { render } from 'preact';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/wide-table.css';
import './pages/traces/traces.css';
import './pages/trace/trace.css';
import './pages/logs/logs.css';
import './pages/metrics/metrics.css';
import './pages/sql/sql.css';
import './pages/health/health.css';
import './pages/services/services.css';
import './pages/flows/flows.css';
import { App } from './app.tsx';
import { listenToKeys } from './state/keys.ts';

listenToKeys();
render(<App />, document.getElementById('app')!);
