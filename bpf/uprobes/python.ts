/**
 * Where CPython changes contexts: each task of asyncio has one of its own, in which the event loop runs the task's steps, and the callbacks of
 * connections have others. Python's own symbols lead there, which are in stripped files too, because extensions need them.
 */
import { type ElfFile, machines } from '../elf/file.ts';
import { readPointers } from '../elf/pointers.ts';
import { findFunctions, findObjects } from '../elf/symbols.ts';
import { callPoints, entryOnly, functionBytes, type ProbePoint } from './point.ts';

/**
 * BPF programs of CPython's contexts:
 *   python_context_enter        PyContext *: what the thread does from now on, it does in this context
 *   python_context_copy_leave   result: a PyContext * with the values of the thread's context at this moment, as a new task gets it
 */
export type PythonProgram = 'python_context_enter' | 'python_context_copy_leave' | 'python_context_copy';

const copy = 'PyContext_CopyCurrent';
const enter = 'PyContext_Enter';
const type = 'PyContext_Type';
/** Of PyTypeObject (Include/cpython/object.h), the same since Python 3.0: pointer to an array of PyMethodDef. */
const typeMethods = 232;
/** Name, function, flags, documentation. */
const methodWords = 4;
const maxMethods = 16;

/** Points in this file; undefined when it is no CPython with contexts (3.7 and later) or does not show where they are. */
export function pythonPoints(file: ElfFile): ProbePoint<PythonProgram>[] | undefined {
  if (machines[file.machine] !== 'x86-64') return undefined;
  const functions = findFunctions(file, [copy, enter]);
  const typeAddress = findObjects(file, [type]).get(type)?.address;
  const copyCode = functions.get(copy);
  if (copyCode === undefined || typeAddress === undefined) return undefined;
  const run = findMethod(file, typeAddress, 'run');
  if (run === undefined) return undefined;
  const points = [entryOnly<PythonProgram>(run, 'python_context_enter', ['rdi'])];
  const entered = functions.get(enter);
  // For event loops in C, as uvloop is.
  if (entered !== undefined) points.push(entryOnly(functionBytes(file, entered), 'python_context_enter', ['rdi']));
  const copied = callPoints<PythonProgram>(functionBytes(file, copyCode), {
    enter: 'python_context_copy',
    leave: 'python_context_copy_leave',
    keep: [],
  });
  points.push(...copied.filter(({ program }) => program === 'python_context_copy_leave'));
  return points;
}

/** The C function of a method, by the type's own table. */
function findMethod(file: ElfFile, typeAddress: number, name: string) {
  const [table] = readPointers(file, typeAddress + typeMethods, 1);
  if (!table) return undefined;
  const words = readPointers(file, table, maxMethods * methodWords);
  for (let at = 0; at + 1 < words.length; at += methodWords) {
    const [text, address] = [words[at]!, words[at + 1]!];
    if (text === 0) return undefined;
    if (!file.readAddress(text, name.length + 1).equals(Buffer.from(`${name}\0`))) continue;
    const offset = file.fileOffset(address);
    return offset === undefined
      ? undefined
      : functionBytes(file, { name: `Context.${name}`, address, size: 0, offset });
  }
  return undefined;
}
