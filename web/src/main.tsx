/** Starts the page: styles, global keys, and the view that the URL names. */
import { render } from 'preact';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/pages.css';
import { App } from './app.tsx';
import { listenToKeys } from './state/keys.ts';

listenToKeys();
render(<App />, document.getElementById('app')!);
