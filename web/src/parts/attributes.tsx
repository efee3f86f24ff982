/** A table of typed attributes whose values filter. */
import type { Attribute } from '../api/types.ts';
import { KeyName } from './key-name.tsx';
import { Value } from './value.tsx';

export function Attributes({ title, of, filterable = true }: { title: string; of: Attribute[]; filterable?: boolean }) {
  if (of.length === 0) return null;
  return (
    <section class="attributes">
      <h3>
        {title} <small>{of.length}</small>
      </h3>
      <table>
        <tbody>
          {of.map((attribute, at) => (
            <tr key={`${attribute.key} ${at}`}>
              <th scope="row">
                <KeyName name={attribute.key} />
              </th>
              <td class={`type-${attribute.type}`}>
                <AttributeValue attribute={attribute} filterable={filterable} />
              </td>
              <td class="type">{attribute.type === 'string' ? '' : attribute.type}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function AttributeValue({ attribute, filterable }: { attribute: Attribute; filterable: boolean }) {
  if (attribute.type === 'empty') return <span class="missing">empty</span>;
  // Long and multi-line text is for reading, not for filtering.
  if (!filterable || attribute.value.length > 400 || attribute.value.includes('\n')) {
    return <pre class="long">{attribute.value}</pre>;
  }
  return <Value of={attribute.key} value={attribute.value} />;
}
