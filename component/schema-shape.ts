/** Looks into a zod schema: which fields it has at a path. For messages, docs and the contract test. */
import type { z } from 'zod';

type Path = readonly PropertyKey[];

/** The definition zod keeps of a schema, as far as it is read here. */
interface Def {
  type: string;
  innerType?: z.ZodType;
  in?: z.ZodType;
  out?: z.ZodType;
  shape?: Record<string, z.ZodType>;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: readonly z.ZodType[];
  getter?: () => z.ZodType;
}

/** The fields of the objects that the schema allows at `path`; empty when there are none. */
export function fieldsAt(schema: z.ZodType, path: Path = []): Map<string, z.ZodType> {
  const fields = new Map<string, z.ZodType>();
  for (const variant of schemasAt(schema, path)) {
    for (const [name, field] of Object.entries(defOf(variant).shape ?? {})) fields.set(name, field);
  }
  return fields;
}

/** What may stand at `path`, without wrappers such as optional and default; several when there is a union. */
export function schemasAt(schema: z.ZodType, path: Path): z.ZodType[] {
  const bare = unwrap(schema);
  if (path.length === 0) return bare;
  const [step, ...rest] = path;
  return bare.flatMap((variant) => {
    const { shape, element, valueType } = defOf(variant);
    const inner = shape?.[step as string] ?? element ?? valueType;
    return inner ? schemasAt(inner, rest) : [];
  });
}

/** The description of an option: its own, or that of the schema it wraps. */
export function descriptionOf(schema: z.ZodType): string | undefined {
  const def = defOf(schema);
  const inner = def.innerType ?? def.out;
  return schema.description ?? (inner && descriptionOf(inner)) ?? (def.in && descriptionOf(def.in));
}

function unwrap(schema: z.ZodType): z.ZodType[] {
  const def = defOf(schema);
  switch (def.type) {
    case 'pipe':
      return unwrap(defOf(def.in!).type === 'transform' ? def.out! : def.in!);
    case 'union':
      return def.options!.flatMap(unwrap);
    case 'lazy':
      return unwrap(def.getter!());
    default:
      return def.innerType ? unwrap(def.innerType) : [schema];
  }
}

function defOf(schema: z.ZodType): Def {
  return schema.def as unknown as Def;
}
