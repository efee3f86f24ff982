/** What the package offers; nothing is loaded from the native part before the first call that needs it. */
export type { Bytes } from './addon.ts';
export type { AttachTarget } from './attach.ts';
export type { Field, Layout, Variable } from './btf.ts';
export { Btf } from './btf.ts';
export { BpfError } from './error.ts';
export { readBtf, readLayout } from './layout.ts';
export type { LinkInfo } from './link.ts';
export { BpfLink } from './link.ts';
export type { MapPlan, MapShape, UpdateMode } from './map.ts';
export { BpfMap, createMap } from './map.ts';
export type { LinkType, MapType, ProgramType } from './names.ts';
export type { ObjectOptions } from './object.ts';
export { BpfObject, openObject } from './object.ts';
export type { ProgramInfo, TestRun } from './program.ts';
export { BpfProgram, enableRunTimeStats } from './program.ts';
export type { RingOptions } from './ring.ts';
export { openRing, Ring } from './ring.ts';
