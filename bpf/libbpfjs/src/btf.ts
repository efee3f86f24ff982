/** Reads BTF, the types that clang wrote into an object (Linux's Documentation/bpf/btf.rst), as far as layouts need it. */

/**
 * | kind | info          | size/type      | what follows
 * |------|---------------|----------------|---------------------------------------------
 * | 1 INT, 16 FLOAT      | size           | INT: encoding, offset, bits (4 bytes)
 * | 2 PTR, 8–11, 17, 18  | type           | 17 DECL_TAG: 4 bytes
 * | 3 ARRAY              | 0              | element type, index type, number (12)
 * | 4 STRUCT, 5 UNION    | size           | per member: name, type, offset in bits (12)
 * | 6 ENUM, 19 ENUM64    | size           | per value: name, value (8), or name, low, high (12)
 * | 7 FWD, 12 FUNC       | –, type        | nothing
 * | 13 FUNC_PROTO        | type           | per parameter: name, type (8)
 * | 14 VAR               | type           | linkage (4)
 * | 15 DATASEC           | size           | per variable: type, offset, size (12)
 */
const kinds = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  functionPrototype: 13,
  variable: 14,
  section: 15,
  declarationTag: 17,
  enum64: 19,
} as const;
/** typedef, volatile, const, restrict, type tag: another name for, or a property of, the type they point to. */
const aliases = [8, 9, 10, 11, 18];

interface Type {
  kind: number;
  name: string;
  /** Members, values, parameters or variables. */
  count: number;
  /** Struct bit fields: their widths are in the offsets' top bytes. */
  flag: boolean;
  /** Size in bytes, or number of the type this one is made of. */
  sizeOrType: number;
  /** Where its own record continues. */
  at: number;
}

/** A member of a struct or union: where it is and how large, in bytes. */
export interface Field {
  name: string;
  offset: number;
  size: number;
  /** Elements of an array; 1 for anything else. */
  count: number;
  signed: boolean;
  /** Name of its struct, union or enum; empty for plain numbers. */
  typeName: string;
  /** Width of a bit field in bits, and its first bit counted from `offset`. */
  bits?: { width: number; shift: number };
}

/** How the compiler laid out a struct or union. */
export interface Layout {
  name: string;
  size: number;
  fields: Field[];
}

/** Where a global variable is in its section. */
export interface Variable {
  name: string;
  section: string;
  offset: number;
  size: number;
  /** Name of its struct, union or enum; empty for plain numbers. */
  typeName: string;
}

/** Layouts, enums and variables of one object. */
export class Btf {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #strings: number;
  readonly #stringsEnd: number;
  readonly #types: Type[];

  /** `bytes`: contents of a section `.BTF`. Throws a RangeError or an Error when they are cut or no BTF. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < 24 || view.getUint16(0, true) !== 0xeb9f) {
      throw new Error('this is no little-endian BTF: its first bytes are not 9f eb');
    }
    const header = view.getUint32(4, true);
    this.#bytes = bytes;
    this.#view = view;
    this.#strings = header + view.getUint32(16, true);
    this.#stringsEnd = Math.min(bytes.length, this.#strings + view.getUint32(20, true));
    const start = header + view.getUint32(8, true);
    this.#types = this.#readTypes(start, start + view.getUint32(12, true));
  }

  /** The struct or union of that name, or undefined. Fields of unnamed members are listed as its own, as C sees them. */
  layout(name: string): Layout | undefined {
    const type = this.#types.find(
      (one) => (one.kind === kinds.struct || one.kind === kinds.union) && one.name === name && name !== '',
    );
    if (type === undefined) return undefined;
    const fields: Field[] = [];
    this.#readFields(type, 0, fields, 0);
    return { name, size: type.sizeOrType, fields };
  }

  /** Names and values of the enum of that name, in its order, or undefined. */
  enumeration(name: string): Map<string, number | bigint> | undefined {
    const type = this.#types.find(
      (one) => (one.kind === kinds.enum || one.kind === kinds.enum64) && one.name === name && name !== '',
    );
    if (type === undefined) return undefined;
    const values = new Map<string, number | bigint>();
    for (let i = 0; i < type.count; i++) {
      if (type.kind === kinds.enum) {
        const at = type.at + i * 8;
        const value = type.flag ? this.#view.getInt32(at + 4, true) : this.#view.getUint32(at + 4, true);
        values.set(this.#string(this.#view.getUint32(at, true)), value);
      } else {
        const at = type.at + i * 12;
        const value = type.flag ? this.#view.getBigInt64(at + 4, true) : this.#view.getBigUint64(at + 4, true);
        values.set(this.#string(this.#view.getUint32(at, true)), value);
      }
    }
    return values;
  }

  /**
   * Global variables by section, in the section's order. Offsets are 0 in objects as clang leaves them; libbpf fills them
   * in when it opens an object.
   */
  variables(): Variable[] {
    const found: Variable[] = [];
    for (const section of this.#types) {
      if (section.kind !== kinds.section) continue;
      for (let i = 0; i < section.count; i++) {
        const at = section.at + i * 12;
        const variable = this.#type(this.#view.getUint32(at, true));
        if (variable.kind !== kinds.variable) continue;
        const type = this.#resolve(variable.sizeOrType);
        found.push({
          name: variable.name,
          section: section.name,
          offset: this.#view.getUint32(at + 4, true),
          size: this.#sizeOf(variable.sizeOrType, 0),
          typeName: isNamed(type) ? type.name : '',
        });
      }
    }
    return found;
  }

  #readTypes(at: number, end: number): Type[] {
    const view = this.#view;
    // Number 0 is void.
    const types: Type[] = [{ kind: 0, name: '', count: 0, flag: false, sizeOrType: 0, at: 0 }];
    while (at < end) {
      const info = view.getUint32(at + 4, true);
      const kind = (info >>> 24) & 0x1f;
      const count = info & 0xffff;
      const name = this.#string(view.getUint32(at, true));
      at += 12;
      types.push({ kind, name, count, flag: info >>> 31 === 1, sizeOrType: view.getUint32(at - 4, true), at });
      at += followingBytes(kind, count);
    }
    return types;
  }

  #readFields(type: Type, base: number, fields: Field[], depth: number): void {
    if (depth > 16) throw new Error(`${type.name}: unnamed members are nested more than 16 deep`);
    for (let i = 0; i < type.count; i++) {
      const at = type.at + i * 12;
      const name = this.#string(this.#view.getUint32(at, true));
      const number = this.#view.getUint32(at + 4, true);
      const position = this.#view.getUint32(at + 8, true);
      const width = type.flag ? position >>> 24 : 0;
      const bit = type.flag ? position & 0xffffff : position;
      const offset = base + (bit >>> 3);
      const member = this.#resolve(number);
      if (name === '' && (member.kind === kinds.struct || member.kind === kinds.union)) {
        this.#readFields(member, offset, fields, depth + 1);
        continue;
      }
      const element = this.#element(number);
      const field: Field = {
        name,
        offset,
        size: this.#sizeOf(number, 0),
        count: member.kind === kinds.array ? this.#view.getUint32(member.at + 8, true) : 1,
        signed: element.kind === kinds.int && ((this.#view.getUint32(element.at, true) >>> 24) & 1) === 1,
        typeName: isNamed(element) ? element.name : '',
      };
      if (width !== 0) field.bits = { width, shift: bit & 7 };
      fields.push(field);
    }
  }

  #type(number: number): Type {
    const type = this.#types[number];
    if (type === undefined) throw new Error(`type ${number} is missing`);
    return type;
  }

  /** The type behind typedefs and qualifiers. */
  #resolve(number: number): Type {
    for (let i = 0; i < 64; i++) {
      const type = this.#type(number);
      if (!aliases.includes(type.kind)) return type;
      number = type.sizeOrType;
    }
    throw new Error(`type ${number} is an endless row of typedefs`);
  }

  #element(number: number): Type {
    const type = this.#resolve(number);
    return type.kind === kinds.array ? this.#resolve(this.#view.getUint32(type.at, true)) : type;
  }

  #sizeOf(number: number, depth: number): number {
    const type = this.#resolve(number);
    if (type.kind === kinds.pointer) return 8;
    if (type.kind !== kinds.array) return type.sizeOrType;
    if (depth > 16) throw new Error(`type ${number}: arrays are nested more than 16 deep`);
    return this.#view.getUint32(type.at + 8, true) * this.#sizeOf(this.#view.getUint32(type.at, true), depth + 1);
  }

  #string(offset: number): string {
    const start = this.#strings + offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0 || end >= this.#stringsEnd) throw new RangeError(`BTF: string ${offset} has no end`);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start).toString('latin1');
  }
}

function isNamed(type: Type): boolean {
  return [kinds.struct, kinds.union, kinds.enum, kinds.enum64].some((kind) => kind === type.kind);
}

function followingBytes(kind: number, count: number): number {
  switch (kind) {
    case kinds.int:
    case kinds.variable:
    case kinds.declarationTag:
      return 4;
    case kinds.array:
      return 12;
    case kinds.struct:
    case kinds.union:
    case kinds.section:
    case kinds.enum64:
      return 12 * count;
    case kinds.enum:
    case kinds.functionPrototype:
      return 8 * count;
    default:
      return 0;
  }
}
