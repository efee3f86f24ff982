/** What the package offers; nothing is loaded from the native part before the first call that needs it. */
export type { Field, Layout, Variable } from './btf.ts';
export { Btf } from './btf.ts';
export { readBtf, readLayout } from './layout.ts';
