/** A service's name with its colour. */
import { serviceColor } from './service-color.ts';

export function ServiceName({ name }: { name: string }) {
  return (
    <span class="service">
      <i style={{ background: serviceColor(name) }} aria-hidden="true" />
      <span class="service-text">{name === '' ? '(no service)' : name}</span>
    </span>
  );
}
